//! CloudWatch metrics: log events with a field `metric` become lines in the embedded metric format, which CloudWatch reads from
//! the function's log (CloudWatch_Embedded_Metric_Format_Specification.html).

use std::{
    fmt::Debug,
    io::Write,
    time::{SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context};

/// Metric: environments that started.
pub const COLD_STARTS: &str = "ColdStarts";

const NAMESPACE: &str = "Sandcastle";
const FIELD: &str = "metric";

/// Writes a line for each event with a metric.
pub(crate) struct Metrics<W> {
    function: String,
    writer: W,
}

/// True for events with a metric.
pub(crate) fn counts(metadata: &Metadata<'_>) -> bool {
    metadata.fields().field(FIELD).is_some()
}

impl<W: for<'w> MakeWriter<'w> + 'static> Metrics<W> {
    /// Metrics of this function.
    pub(crate) fn new(function: &str, writer: W) -> Self {
        Self { function: function.to_owned(), writer }
    }

    fn line(&self, name: &str) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let metrics = [json!({ "Name": name, "Unit": "Count" })];
        let about = [json!({ "Namespace": NAMESPACE, "Dimensions": [["FunctionName"]], "Metrics": metrics })];
        let timestamp = u64::try_from(now).unwrap_or(u64::MAX);
        let mut line = json!({ "_aws": { "Timestamp": timestamp, "CloudWatchMetrics": about } });
        if let Some(fields) = line.as_object_mut() {
            fields.insert("FunctionName".into(), self.function.clone().into());
            fields.insert(name.to_owned(), 1.into());
        }
        format!("{line}\n")
    }
}

impl<S: Subscriber, W: for<'w> MakeWriter<'w> + 'static> Layer<S> for Metrics<W> {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut name = Name(None);
        event.record(&mut name);
        if let Some(name) = name.0 {
            // A metric that cannot be written is dropped.
            drop(self.writer.make_writer().write_all(self.line(&name).as_bytes()));
        }
    }
}

/// The value of the field `metric`.
struct Name(Option<String>);

impl Visit for Name {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == FIELD {
            self.0 = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn Debug) {}
}
