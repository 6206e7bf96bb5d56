//! What a project asks of videos.

use proto::{
    Word,
    projects::{
        AuthorizeApiKeyRequest, ChallengeRule, GetVideoSettingsRequest, PutVideoSettingsRequest,
        VideoSettings,
    },
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
            [
                v.challenge().as_word(),
                v.challenge_phrase().as_word(),
                v.replay_scope().as_word(),
                v.replays().as_word(),
            ]
        };
        assert_eq!(words(&before), ["optional", "digits", "project", "fail"]);
        assert_eq!(before.updated_at_ms, None);

        let request = PutVideoSettingsRequest {
            project_id: made.project_id.clone(),
            challenge: ChallengeRule::Required.into(),
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

        let wrong = PutVideoSettingsRequest { challenge: 99, ..request };
        let refused = service.client.put_video_settings(wrong).await.unwrap_err();
        assert_eq!(
            (refused.code(), refused.message()),
            (Code::InvalidArgument, "must be optional or required")
        );
        let nowhere = GetVideoSettingsRequest { project_id: uuid::Uuid::now_v7().to_string() };
        assert_eq!(service.client.get_video_settings(nowhere).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
