//! What a project asks of videos.

use proto::projects::{
    AuthorizeApiKeyRequest, GetVideoSettingsRequest, PutVideoSettingsRequest, VideoSettings,
};
use tonic::Code;

use crate::{Service, on_each_database};

async fn put(service: &mut Service, request: PutVideoSettingsRequest) -> VideoSettings {
    service.client.put_video_settings(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_project_has_default_settings_until_changed_and_every_call_receives_them() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let get = GetVideoSettingsRequest { project_id: made.project_id.clone() };
        let before = service.client.get_video_settings(get).await.unwrap().into_inner();
        let words = |v: &VideoSettings| {
            [v.challenge.clone(), v.challenge_phrase.clone(), v.replay_scope.clone(), v.replays.clone()]
        };
        assert_eq!(words(&before), ["optional", "digits", "project", "fail"]);
        assert_eq!(before.updated_at_ms, None);

        let request = PutVideoSettingsRequest {
            project_id: made.project_id.clone(),
            challenge: Some("required".into()),
            ..PutVideoSettingsRequest::default()
        };
        let set = put(&mut service, request.clone()).await;
        assert_eq!(words(&set), ["required", "digits", "project", "fail"]);
        assert!(set.updated_at_ms.is_some());
        let asked = AuthorizeApiKeyRequest {
            api_key_id: made.api_key_id.clone(),
            project_id: made.project_id.clone(),
        };
        let received = service.client.authorize_api_key(asked).await.unwrap().into_inner().video.unwrap();
        assert_eq!(words(&received), words(&set));

        let wrong = PutVideoSettingsRequest { challenge: Some("never".into()), ..request };
        let refused = service.client.put_video_settings(wrong).await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.message()),
            (Code::InvalidArgument, "must be one of optional, required")
        );
        let nowhere = GetVideoSettingsRequest { project_id: uuid::Uuid::now_v7().to_string() };
        assert_eq!(service.client.get_video_settings(nowhere).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
