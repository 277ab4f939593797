//! A batch of a queue. Messages of one sandbox, and of one group of a FIFO queue, run one after the other; others run in
//! parallel. The answer lists the ids of the messages that failed, and SQS delivers only those again.

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt, stream};
use lambda_http::Context;
use sandcastle::contract::Source;
use serde::Serialize;

use super::{executor::Executor, message::Message, records::Queued};
use crate::error::ApiError;

/// Messages that run at once.
const AT_ONCE: usize = 8;

/// The answer to a batch, as Lambda's `ReportBatchItemFailures` takes it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchResponse {
    batch_item_failures: Vec<ItemFailure>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ItemFailure {
    item_identifier: String,
}

/// Messages that run one after the other.
struct Lane {
    /// After a message that failed, the rest must not run: the queue keeps their order.
    ordered: bool,
    messages: Vec<(String, Result<Message, ApiError>)>,
}

/// Runs a batch.
pub(super) async fn run(executor: &Executor, messages: Vec<Queued>, context: &Context) -> BatchResponse {
    let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
    let lanes = stream::iter(lanes(messages)).map(|lane| run_lane(executor, lane, context));
    let failed: HashSet<String> = lanes.buffer_unordered(AT_ONCE).flat_map(stream::iter).collect().await;
    let failed = ids.into_iter().filter(|id| failed.contains(id));
    BatchResponse { batch_item_failures: failed.map(|id| ItemFailure { item_identifier: id }).collect() }
}

/// Runs the messages of one lane. Returns the ids of those that failed, or were held back.
async fn run_lane(executor: &Executor, lane: Lane, context: &Context) -> Vec<String> {
    let mut failed = Vec::new();
    for (id, message) in lane.messages {
        let held_back = lane.ordered && !failed.is_empty();
        if held_back || executor.execute(message, context).await.is_err() {
            failed.push(id);
        }
    }
    failed
}

fn lanes(messages: Vec<Queued>) -> Vec<Lane> {
    let mut lanes = BTreeMap::<(bool, String), Vec<_>>::new();
    for Queued { id, group, text } in messages {
        let message = Message::parse(text, Source::Sqs, &id);
        let lane = match (group, &message) {
            (Some(group), _) => (true, group),
            (None, Ok(message)) => (false, message.sandbox.clone()),
            (None, Err(_)) => (false, id.clone()),
        };
        lanes.entry(lane).or_default().push((id, message));
    }
    lanes.into_iter().map(|((ordered, _), messages)| Lane { ordered, messages }).collect()
}
