//! Recognises an event by the fields that only its kind has. Reads only the fields that are used.

use std::borrow::Cow;

use sandcastle::contract::Source;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{error::ApiError, json};

/// An event that borrows from the payload.
pub(super) enum Event<'a> {
    /// A request of a REST API, an HTTP API or a function URL.
    Http(HttpShape<'a>),
    /// A direct invocation: the payload is the message.
    Direct(&'a str),
    /// Messages of a queue.
    Queue(Vec<Queued>),
    /// One message of SNS or EventBridge.
    Notification { source: Source, id: String, text: Cow<'a, str> },
}

/// Method and route of an HTTP request.
#[derive(Deserialize)]
pub(super) struct HttpShape<'a> {
    /// The route of a REST API, such as `/v2/sandcastles/{id}`.
    #[serde(borrow, default)]
    pub(super) resource: Option<Cow<'a, str>>,
    /// The method of a REST API.
    #[serde(borrow, default, rename = "httpMethod")]
    pub(super) method: Option<Cow<'a, str>>,
}

/// A message of a queue.
pub(super) struct Queued {
    /// Its id, by which a failure is reported.
    pub(super) id: String,
    /// Its message group, in a FIFO queue.
    pub(super) group: Option<String>,
    /// Its body.
    pub(super) text: String,
}

#[derive(Deserialize)]
struct Shape<'a> {
    #[serde(borrow, rename = "requestContext")]
    request_context: Option<&'a RawValue>,
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(tag = "eventSource")]
enum QueueRecord {
    #[serde(rename = "aws:sqs", rename_all = "camelCase")]
    Sqs {
        message_id: String,
        body: String,
        #[serde(default)]
        attributes: Attributes,
    },
}

#[derive(Default, Deserialize)]
struct Attributes {
    #[serde(rename = "MessageGroupId")]
    group: Option<String>,
}

#[derive(Deserialize)]
#[serde(tag = "EventSource")]
enum TopicRecord {
    #[serde(rename = "aws:sns")]
    Sns {
        #[serde(rename = "Sns")]
        sns: Notification,
    },
}

#[derive(Deserialize)]
struct Notification {
    #[serde(rename = "MessageId")]
    id: String,
    #[serde(rename = "Message")]
    message: String,
}

impl<'a> Event<'a> {
    /// Parses the payload of an invocation.
    pub(super) fn parse(payload: &'a str) -> Result<Self, ApiError> {
        let shape: Shape<'a> = json::object(payload)?;
        if shape.request_context.is_some() {
            let malformed = |_| ApiError::invalid("malformed HTTP event");
            return Ok(Self::Http(serde_json::from_str(payload).map_err(malformed)?));
        }
        if let Some(records) = shape.records {
            return records_of(records.get());
        }
        match (shape.detail_type, shape.detail) {
            (Some(_), Some(detail)) => {
                let id = json::required("id", shape.id)?;
                Ok(Self::Notification { source: Source::EventBridge, id, text: detail.get().into() })
            }
            _ => Ok(Self::Direct(payload)),
        }
    }
}

fn records_of(records: &str) -> Result<Event<'static>, ApiError> {
    if let Ok(messages) = serde_json::from_str::<Vec<QueueRecord>>(records) {
        let queued = |QueueRecord::Sqs { message_id, body, attributes }| Queued {
            id: message_id,
            group: attributes.group,
            text: body,
        };
        return Ok(Event::Queue(messages.into_iter().map(queued).collect()));
    }
    // SNS sends one record per event.
    match serde_json::from_str::<[TopicRecord; 1]>(records) {
        Ok([TopicRecord::Sns { sns }]) => {
            Ok(Event::Notification { source: Source::Sns, id: sns.id, text: sns.message.into() })
        }
        Err(_) => Err(ApiError::invalid("unsupported event: only SQS and SNS records are accepted")),
    }
}
