//! Alarms in the log are counted: lines with a field `alarm`, a word out of our own code.

use foundation::metrics::{Label, all::ALARMS};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

const ALARM: &str = "alarm";

pub(super) struct Alarms;

impl<S: Subscriber> Layer<S> for Alarms {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().fields().field(ALARM).is_some() {
            event.record(&mut Count);
        }
    }
}

struct Count;

impl Visit for Count {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == ALARM {
            ALARMS.add(1, [Label::code(value)]);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == ALARM {
            self.record_str(field, &format!("{value:?}"));
        }
    }
}
