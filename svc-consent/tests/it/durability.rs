//! What is answered is on disk, with the configuration an embedded server has.

use std::time::Duration;

use proto::consent::{ConsentKind, consent_client::ConsentClient};
use testkit::SyncWatch;

use crate::{ADA, record};

#[tokio::test]
async fn a_consent_is_on_disk_before_it_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let routes = svc_consent::routes(svc_consent::Config::embedded(folder.path())).await.unwrap();
    let mut client = ConsentClient::new(rpc::local(routes, Duration::from_secs(60)));
    for given in [true, false, true] {
        let watch = SyncWatch::start();
        record(&mut client, ADA, ConsentKind::Storage, given).await.unwrap();
        let synced = watch.inside(folder.path());
        assert!(synced.iter().any(|path| path.ends_with("consent.db-wal")), "{synced:?}");
    }
}
