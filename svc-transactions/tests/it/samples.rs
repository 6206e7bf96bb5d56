//! Samples: stored encrypted, listed with links, opened by a link only, deleted when they expire.

use std::time::Duration;

use proto::transactions::{
    CheckSampleRoomRequest, DiscardSamplesRequest, GetSampleRequest, ListSamplesRequest, PutSampleHeader,
    PutSampleRequest, PutSampleResponse, Sample, SampleLink, get_sample_response::Part as Given,
    put_sample_request::Part,
};
use rpc::StorageLimit;
use tonic::{Code, Status};

use crate::{Service, erasure, new_id, on_each_database, video};

pub const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF and more";
const MINUTE: Duration = Duration::from_secs(60);

fn header(project: &str, transaction_id: &str) -> PutSampleHeader {
    PutSampleHeader {
        project_id: project.into(),
        transaction_id: transaction_id.into(),
        user_fullname: "Ada Lovelace".into(),
        name: "video".into(),
        keep_seconds: None,
        link_for_life: false,
    }
}

async fn put(service: &Service, header: PutSampleHeader, bytes: &[u8]) -> Result<String, Status> {
    Ok(put_whole(service, header, bytes).await?.id)
}

async fn put_whole(
    service: &Service,
    header: PutSampleHeader,
    bytes: &[u8],
) -> Result<PutSampleResponse, Status> {
    let head = PutSampleRequest { part: Some(Part::Header(header)) };
    let pieces =
        bytes.chunks(1000).map(|chunk| PutSampleRequest { part: Some(Part::Chunk(chunk.to_vec().into())) });
    let parts: Vec<_> = std::iter::once(head).chain(pieces).collect();
    Ok(service.client.clone().put_sample(futures::stream::iter(parts)).await?.into_inner())
}

pub async fn list(service: &Service, project: &str, id: &str) -> Result<Vec<SampleLink>, Status> {
    let request = ListSamplesRequest { project_id: project.into(), transaction_id: id.into() };
    Ok(service.client.clone().list_samples(request).await?.into_inner().samples)
}

pub fn follow(link: &SampleLink) -> GetSampleRequest {
    let id = link.sample.as_ref().expect("a link has a sample").id.clone();
    GetSampleRequest { id, expires_ms: link.expires_ms, signature: link.signature.clone() }
}

pub async fn open(service: &Service, request: GetSampleRequest) -> Result<(Sample, Vec<u8>), Status> {
    let mut parts = service.client.clone().get_sample(request).await?.into_inner();
    let Some(Given::Sample(sample)) = parts.message().await?.and_then(|message| message.part) else {
        panic!("the first part is not the sample");
    };
    let mut bytes = Vec::new();
    while let Some(message) = parts.message().await? {
        let Some(Given::Chunk(chunk)) = message.part else { panic!("not a chunk") };
        bytes.extend_from_slice(&chunk);
    }
    Ok((sample, bytes))
}

/// A transaction of `p1` with one stored sample, and its link.
pub async fn kept(service: &Service) -> (String, SampleLink) {
    let transaction = video("p1");
    put(service, header("p1", &transaction.id), JPEG).await.expect("kept");
    service.record(transaction.clone()).await.expect("recorded");
    let mut links = list(service, "p1", &transaction.id).await.expect("a list");
    assert_eq!(links.len(), 1);
    (transaction.id, links.remove(0))
}

#[tokio::test]
async fn a_link_opens_its_sample_in_any_process() {
    on_each_database(async |service: Service| {
        let (_, link) = kept(&service).await;
        let sample = link.sample.clone().unwrap();
        assert_eq!((sample.name.as_str(), sample.content_type.as_str()), ("video", "image/jpeg"));
        assert_eq!(sample.expires_at_ms - sample.created_at_ms, 30 * 24 * 3600 * 1000);
        assert_eq!(link.expires_ms - sample.created_at_ms, 15 * 60 * 1000);
        let second = service.second().await;
        for process in [&service, &second] {
            assert_eq!(open(process, follow(&link)).await.unwrap(), (sample.clone(), JPEG.to_vec()));
        }
        assert!(follow(&link).signature.len() >= 43);
    })
    .await;
}

#[tokio::test]
async fn nothing_but_its_own_living_link_opens_a_sample() {
    on_each_database(async |service: Service| {
        let (_, link) = kept(&service).await;
        let (_, other) = kept(&service).await;
        let good = follow(&link);
        let forged = [
            GetSampleRequest { expires_ms: good.expires_ms + 1, ..good.clone() },
            GetSampleRequest { id: follow(&other).id, ..good.clone() },
            GetSampleRequest { signature: follow(&other).signature, ..good.clone() },
            GetSampleRequest { signature: String::new(), ..good.clone() },
            GetSampleRequest { signature: format!("{}A", good.signature), ..good.clone() },
            GetSampleRequest { id: new_id(), ..good.clone() },
            GetSampleRequest { id: "../../etc/passwd".into(), ..good.clone() },
        ];
        for request in forged {
            let refused = open(&service, request).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::NotFound, "sample not found"));
        }
        service.pass(15 * MINUTE);
        let expired = open(&service, good).await.unwrap_err();
        assert_eq!((expired.code(), expired.message()), (Code::NotFound, "sample not found"));
    })
    .await;
}

#[tokio::test]
async fn another_project_sees_no_samples() {
    on_each_database(async |service: Service| {
        let (id, _) = kept(&service).await;
        for (project, id) in [("p2", id.as_str()), ("p1", &new_id()), ("p1", "nonsense")] {
            let refused = list(&service, project, id).await.unwrap_err();
            assert_eq!((refused.code(), refused.message()), (Code::NotFound, "transaction not found"));
        }
        // A sample that another project added to the same transaction is in no list of this one.
        put(&service, header("p2", &id), JPEG).await.unwrap();
        assert_eq!(list(&service, "p1", &id).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_sample_is_gone_when_its_time_is_over() {
    on_each_database(async |service: Service| {
        let (id, _) = kept(&service).await;
        put(&service, PutSampleHeader { keep_seconds: Some(60), ..header("p1", &id) }, JPEG).await.unwrap();
        let links = list(&service, "p1", &id).await.unwrap();
        assert_eq!(links.len(), 2);
        service.pass(MINUTE);
        assert_eq!(list(&service, "p1", &id).await.unwrap().len(), 1);
        let expired = open(&service, follow(&links[1])).await.unwrap_err();
        assert_eq!(expired.code(), Code::NotFound);
        service.pass(60 * 24 * 60 * MINUTE);
        testkit::wait_until("the samples are swept", async || {
            !erasure::kept(&service, "p1").await.iter().any(|(kind, _)| kind == "sample")
        })
        .await;
        assert_eq!(files(service.folder.path()), 0);
    })
    .await;
}

#[tokio::test]
async fn idv_case_12_seven_days_on_links_open_nothing_and_the_files_are_gone() {
    const WEEK_SECONDS: u32 = 7 * 24 * 3600;
    on_each_database(async |service: Service| {
        let transaction = video("p1");
        let kept = PutSampleHeader {
            keep_seconds: Some(WEEK_SECONDS),
            link_for_life: true,
            ..header("p1", &transaction.id)
        };
        let link = put_whole(&service, kept, JPEG).await.unwrap().link.unwrap();
        service.record(transaction.clone()).await.unwrap();
        service.pass(MINUTE * (WEEK_SECONDS / 60 - 1));
        assert_eq!(open(&service, follow(&link)).await.unwrap().1, JPEG);
        service.pass(MINUTE);
        assert_eq!(open(&service, follow(&link)).await.unwrap_err().code(), Code::NotFound);
        while erasure::kept(&service, "p1").await.iter().any(|(kind, _)| kind == "sample") {
            tokio::task::yield_now().await;
        }
        assert_eq!(files(service.folder.path()), 0);
    })
    .await;
}

#[tokio::test]
async fn erasing_a_subject_destroys_its_samples() {
    on_each_database(async |service: Service| {
        let (_, link) = kept(&service).await;
        let theirs = PutSampleHeader { user_fullname: "Grace Hopper".into(), ..header("p1", &new_id()) };
        put(&service, theirs, JPEG).await.unwrap();
        let before = files(service.folder.path());
        assert_eq!(
            erasure::erase(&service, "p1").await[..2],
            [("transaction".into(), 1), ("sample".into(), 1)]
        );
        assert_eq!(files(service.folder.path()), before / 2, "the other subject's sample stays");
        assert_eq!(open(&service, follow(&link)).await.unwrap_err().code(), Code::NotFound);
        assert!(erasure::kept(&service, "p1").await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_invalid_sample_is_rejected_and_leaves_nothing() {
    on_each_database(async |service: Service| {
        let good = || header("p1", &new_id());
        let refused = [
            (good(), &b""[..], "the sample is empty"),
            (PutSampleHeader { project_id: "../p".into(), ..good() }, JPEG, "project_id is not an id"),
            (PutSampleHeader { transaction_id: "x".into(), ..good() }, JPEG, "id is not a UUID"),
            (
                PutSampleHeader { name: "A b".into(), ..good() },
                JPEG,
                "name must be 1 to 64 of a-z, 0-9, _ and .",
            ),
            (
                PutSampleHeader { keep_seconds: Some(0), ..good() },
                JPEG,
                "keep_seconds must be from 1 to ten years",
            ),
        ];
        for (header, bytes, sentence) in refused {
            let status = put(&service, header, bytes).await.unwrap_err();
            assert_eq!((status.code(), status.message()), (Code::InvalidArgument, sentence));
        }
        assert_eq!(files(service.folder.path()), 0);
    })
    .await;
}

#[tokio::test]
async fn the_folder_holds_no_readable_byte_of_a_sample() {
    on_each_database(async |service: Service| {
        kept(&service).await;
        let mut all = Vec::new();
        visit(service.folder.path(), &mut |path| all.extend(std::fs::read(path).unwrap()));
        assert!(!all.is_empty() && !all.windows(4).any(|bytes| bytes == b"JFIF"));
    })
    .await;
}

fn files(folder: &std::path::Path) -> usize {
    let mut count = 0;
    visit(folder, &mut |_| count += 1);
    count
}

fn visit(folder: &std::path::Path, each: &mut impl FnMut(&std::path::Path)) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { visit(&path, each) } else { each(&path) }
    }
}

async fn room(service: &Service, project: &str) -> Option<StorageLimit> {
    let request = CheckSampleRoomRequest { project_id: project.into() };
    let answer = service.client.clone().check_sample_room(request).await;
    answer.err().map(|status| StorageLimit::of(&status).expect("a limit"))
}

#[tokio::test]
async fn without_room_a_sample_is_refused_and_nothing_is_left_of_it() {
    on_each_database(async |service: Service| {
        let (id, _) = kept(&service).await;
        let limits = |min_free_bytes, max_tenant_bytes| blob::Limits { min_free_bytes, max_tenant_bytes };
        for (limits, limit) in
            [(limits(u64::MAX, 0), StorageLimit::Full), (limits(0, 1), StorageLimit::QuotaUsedUp)]
        {
            let full = service.second_limited(limits).await;
            assert_eq!(room(&full, "p1").await, Some(limit));
            let refused = put(&full, header("p1", &id), JPEG).await.unwrap_err();
            assert_eq!(StorageLimit::of(&refused), Some(limit), "{refused:?}");
        }
        assert_eq!(room(&service, "p1").await, None);
        assert_eq!(list(&service, "p1", &id).await.unwrap().len(), 1);
        assert_eq!(
            erasure::kept(&service, "p1").await.iter().find(|(kind, _)| kind == "sample").unwrap().1,
            1
        );
    })
    .await;
}

#[tokio::test]
async fn the_samples_of_a_failed_call_are_discarded_and_no_others() {
    on_each_database(async |service: Service| {
        let (failed, link) = kept(&service).await;
        let (other, _) = kept(&service).await;
        for project in ["p2", "p1"] {
            let request =
                DiscardSamplesRequest { project_id: project.into(), transaction_id: failed.clone() };
            service.client.clone().discard_samples(request).await.unwrap();
            let left = usize::from(project == "p2");
            assert_eq!(list(&service, "p1", &failed).await.unwrap().len(), left, "by {project}");
        }
        assert_eq!(open(&service, follow(&link)).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(list(&service, "p1", &other).await.unwrap().len(), 1);
    })
    .await;
}
