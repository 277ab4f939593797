//! A batch of a queue: messages of one sandbox, and of one group of a FIFO queue, one after the other; others at once. What
//! failed is reported by its id, and only that is delivered again.

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt, stream};
use lambda_http::Context;
use sandcastle::contract::Source;
use serde::Serialize;

use super::{Events, message::Message, records::Queued};
use crate::error::ApiError;

/// So many messages are carried out at once.
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

/// Messages that have to wait for each other.
struct Lane {
    /// After one that failed, the others of its group must not overtake it.
    ordered: bool,
    messages: Vec<(String, Result<Message, ApiError>)>,
}

impl Events {
    pub(super) async fn queue(&self, messages: Vec<Queued>, context: &Context) -> BatchResponse {
        let ids: Vec<String> = messages.iter().map(|message| message.id.clone()).collect();
        let lanes = stream::iter(lanes(messages)).map(|lane| self.lane(lane, context));
        let failed: HashSet<String> = lanes.buffer_unordered(AT_ONCE).flat_map(stream::iter).collect().await;
        let failed = ids.into_iter().filter(|id| failed.contains(id));
        BatchResponse { batch_item_failures: failed.map(|id| ItemFailure { item_identifier: id }).collect() }
    }

    /// The ids of those that failed.
    async fn lane(&self, lane: Lane, context: &Context) -> Vec<String> {
        let mut failed = Vec::new();
        for (id, message) in lane.messages {
            let held_back = lane.ordered && !failed.is_empty();
            if held_back || self.execute(message, context).await.is_err() {
                failed.push(id);
            }
        }
        failed
    }
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
