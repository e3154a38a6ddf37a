//! The trace of the call that announced goes on in the reaction, in another database and another task.

use std::sync::{Arc, Mutex, Once};

use async_trait::async_trait;
use contract::{Purpose, identity::v1::LinkIssued};
use events::{Reaction, ReactionError};
use opentelemetry::trace::TracerProvider;
use personal_data::Tx;
use tracing::Instrument;
use tracing_subscriber::layer::SubscriberExt;

use crate::{
    engines::{Engine, on_both_engines},
    stage::{Fault, Stage},
};

on_both_engines!(the_reaction_goes_on_in_the_trace_of_the_call);

/// Notes the trace that it runs in.
struct Tracing(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Reaction<LinkIssued> for Tracing {
    const NAME: &'static str = "communication.trace-on-link";
    const PURPOSE: Purpose = Purpose::ServiceNotice;

    async fn react_in_tx(&self, _: &Tx, _: LinkIssued) -> Result<(), ReactionError> {
        self.0.lock().unwrap().extend(foundation::trace::current_traceparent());
        Ok(())
    }
}

fn traces() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests"));
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    });
}

fn trace_of(traceparent: &str) -> opentelemetry::TraceId {
    foundation::trace::parse(traceparent).unwrap().trace_id()
}

async fn the_reaction_goes_on_in_the_trace_of_the_call(engine: Engine) {
    traces();
    let stage = Stage::on(&engine).await;
    let seen = Arc::<Mutex<Vec<String>>>::default();
    stage.bus.subscribe(events::reactor(&stage.communication, Tracing(seen.clone())));

    let span = tracing::info_span!("call");
    let (link, call) = async { (stage.issues_a_link().await, foundation::trace::current_traceparent().unwrap()) }.instrument(span).await;
    stage.fails(&link, [Fault::Poisoned]);
    stage.publish().await;

    assert_eq!(stage.outbox().await[0].traceparent.as_deref(), Some(call.as_str()));
    let seen = seen.lock().unwrap().clone();
    assert_eq!((seen.len(), trace_of(&seen[0])), (1, trace_of(&call)));
    assert_ne!(seen[0], call, "a span of its own, in the same trace");
    // Set aside, it keeps its trace for the replay, and what the replay announces goes on in it.
    let parked = stage.parked().await;
    assert_eq!(parked[0].envelope().traceparent, Some(call.clone()));
    assert!(stage.replay(&parked[0]).await.is_taken());
    let announced = crate::engines::rows(&stage.communication, "SELECT traceparent FROM outbox").await;
    let announced: String = announced[0].try_get_by_index(0).unwrap();
    assert_eq!(trace_of(&announced), trace_of(&call));

    // Two calls are two traces.
    let other = async { foundation::trace::current_traceparent().unwrap() }.instrument(tracing::info_span!("other")).await;
    assert_ne!(trace_of(&other), trace_of(&call));
}
