//! Rejected requests leave nothing behind.

use bytes::Bytes;
use futures::{SinkExt, channel::mpsc};
use proto::ml::{OutcomeStatus, Service, analyze_video_request::Part};
use tonic::Code;

use crate::world::{EVERY, fixture, header, of, part, run_test, run_test_with};

#[test]
fn a_file_that_is_no_video_is_rejected_with_a_message_and_leaves_nothing() {
    run_test(|world| async {
        let files: [(&str, Vec<u8>); 5] = [
            ("empty", Vec::new()),
            ("text", b"this is not a video".repeat(100)),
            ("truncated", fixture("truncated.mp4")),
            ("picture", fixture("obama.jpg")),
            ("sound alone", fixture("audio_only.m4a")),
        ];
        for (name, bytes) in files {
            let refused = world.send(header("bad", "Ada", &EVERY), &bytes).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{name}: {refused:?}");
            assert!(!refused.message().is_empty() && !refused.message().contains('/'), "{name}");
        }
        assert_eq!(world.leftovers(), 0);
    });
}

#[test]
fn a_video_cut_short_is_judged_by_what_there_is() {
    run_test(|world| async {
        let answer =
            world.analyze("cut", "Ada", &[Service::FaceRecognition], "truncated_index_first.mp4").await;
        assert_eq!(of(&answer, Service::FaceRecognition).outcome.unwrap().status(), OutcomeStatus::Judged);
    });
}

#[test]
fn a_header_that_makes_no_sense_is_refused() {
    run_test(|world| async {
        let video = fixture("small.mp4");
        let bad = [
            header("", "Ada", &EVERY),
            header("p", &"x".repeat(300), &EVERY),
            header("p", "Ada", &[]),
            header("p", "Ada", &[Service::Unspecified]),
            proto::ml::AnalyzeVideoHeader { vocabulary: "klingon".into(), ..header("p", "Ada", &EVERY) },
            proto::ml::AnalyzeVideoHeader { phrase: "one ".repeat(100), ..header("p", "Ada", &EVERY) },
        ];
        for header in bad {
            let refused = world.send(header.clone(), &video).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{header:?}");
        }
        let headless = futures::stream::iter([part(Part::Chunk(video.into()))]);
        let refused = world.client.clone().analyze_video(headless).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
    });
}

#[test]
fn one_byte_too_many_is_refused() {
    run_test_with(
        |config| (config.workers, config.max_bytes) = (1, 100_000),
        |world| async move {
            let refused = world.send(header("p", "Ada", &EVERY), &vec![0; 100_001]).await.unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument);
            assert_eq!(world.leftovers(), 0);
        },
    );
}

#[test]
fn a_full_queue_rejects_at_once_and_drains() {
    run_test_with(
        |config| (config.workers, config.queue) = (1, 0),
        |world| async move {
            let (mut upload, parts) = mpsc::channel(1);
            let mut client = world.client.clone();
            let slow = tokio::spawn(async move { client.analyze_video(parts).await });
            let asked = || header("p", "Ada", &[Service::VoiceRecognition]);
            upload.send(part(Part::Header(asked()))).await.unwrap();
            // The header and a chunk larger than one frame (32 KiB) are read together. The channel holds two more: a
            // fifth fits only after the third was read, which happens after the call was admitted.
            upload.send(part(Part::Chunk(fixture("audio_only.m4a").into()))).await.unwrap();
            for _ in 0..3 {
                upload.send(part(Part::Chunk(Bytes::new()))).await.unwrap();
            }
            let refused = world.send(asked(), b"not looked at").await.unwrap_err();
            assert_eq!(refused.code(), Code::ResourceExhausted);
            drop(upload);
            slow.await.unwrap().unwrap();
            world.send(asked(), &fixture("audio_only.m4a")).await.unwrap();
        },
    );
}
