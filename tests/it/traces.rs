//! One call is one trace, from the customer's `traceparent` to the stages of inference.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::Span,
};
use tokio::time::{Instant, sleep};
use tonic::{Request, Response, Status, transport::server::TcpIncoming};
use uuid::Uuid;

use crate::{
    both_modes,
    project::{ADA, Project, SPEECH, answer},
    world::World,
};

both_modes!(one_video_is_one_trace);

/// Spans are exported every five seconds.
const LIMIT: Duration = Duration::from_secs(90);
const FEWEST_SPANS: usize = 12;
const PARTS: [&str; 4] =
    ["POST /api-gateway/process-video", "/biometry.ml.v1.Ml/AnalyzeVideo", "sql", "decode"];
const CALLER_SPAN: &str = "00f067aa0ba902b7";

async fn one_video_is_one_trace(world: &'static World) {
    let project = Project::new(world);
    project.both_consents(ADA).await;
    let trace = Uuid::new_v4();
    let parent = format!("00-{}-{CALLER_SPAN}-01", trace.simple());
    let seen = answer(project.video(ADA, "still.mp4", SPEECH).header("traceparent", parent)).await;
    assert_eq!(seen.status, 200, "{}", seen.body);

    whole_trace(trace).await;
}

/// Waits until every part of a call and the parent of every span have arrived: each process exports separately.
async fn whole_trace(trace: Uuid) {
    let until = Instant::now() + LIMIT;
    loop {
        let spans = spans().get(trace.as_bytes().as_slice()).cloned().unwrap_or_default();
        let orphans = orphans(&spans);
        let is_there = |part: &&str| spans.iter().any(|span| span.name == **part);
        if spans.len() >= FEWEST_SPANS && orphans.is_empty() && PARTS.iter().all(is_there) {
            return;
        }
        let names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
        assert!(Instant::now() < until, "orphans: {orphans:?}, in {names:?}");
        sleep(Duration::from_millis(250)).await;
    }
}

/// Returns the names of spans whose parent is neither in the trace nor the caller's span.
fn orphans(spans: &[Span]) -> Vec<String> {
    let is_known = |id: &[u8]| spans.iter().any(|span| span.span_id == id);
    let caller = u64::from_str_radix(CALLER_SPAN, 16).unwrap().to_be_bytes();
    let lost = spans.iter().filter(|span| span.parent_span_id != caller && !is_known(&span.parent_span_id));
    lost.map(|span| span.name.clone()).collect()
}

type Traces = HashMap<Vec<u8>, Vec<Span>>;

fn spans() -> std::sync::MutexGuard<'static, Traces> {
    static SPANS: OnceLock<Mutex<Traces>> = OnceLock::new();
    SPANS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

struct Collector;

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let resources = request.into_inner().resource_spans.into_iter();
        for span in resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans) {
            spans().entry(span.trace_id.clone()).or_default().push(span);
        }
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

/// Returns the address of a collector that runs until the test process ends.
pub fn collector() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let (sender, address) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let incoming = TcpIncoming::bind(([127, 0, 0, 1], 0).into()).unwrap();
                sender.send(incoming.local_addr().unwrap()).unwrap();
                let mut server = tonic::transport::Server::builder();
                server
                    .add_service(TraceServiceServer::new(Collector))
                    .serve_with_incoming(incoming)
                    .await
                    .unwrap();
            });
        });
        address.recv().unwrap()
    })
}
