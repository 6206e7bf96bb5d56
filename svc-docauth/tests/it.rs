//! The document service over its own wire.

use std::time::Duration;

use proto::docauth::doc_auth_client::DocAuthClient;
use tonic::Code;

#[tokio::test]
async fn a_document_is_answered_unimplemented() {
    let routes = svc_docauth::routes(svc_docauth::Config::default()).await.unwrap();
    let mut client = DocAuthClient::new(rpc::local(routes, Duration::from_secs(5)));
    let refused = client.check_document(tokio_stream::empty()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
}
