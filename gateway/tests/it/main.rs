//! The gateway against services that are played: every rule of its own, through the router and through `rpc::local`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod biometry_v2;
mod biometry_v2_consents;
mod biometry_v2_deepfake;
mod biometry_v2_sdk;
mod challenge;
mod consent;
mod console;
mod customer;
mod dashboard;
mod documents;
mod encodings;
mod enroll;
mod fakes;
mod fraud;
mod geo;
mod golden;
mod idempotency;
mod idv;
mod idv_page;
mod layers;
mod listener;
mod live;
mod neuroid;
mod permissions;
mod process_video;
mod projects;
mod rate_limit;
mod real_journeys;
mod records;
mod replays;
mod reviews;
mod samples;
mod session_tokens;
mod sessions;
mod shape;
mod slow_clients;
mod storage;
mod subjects;
mod test_mode;
mod transactions;
mod uploads;
mod verifik;
mod what_if;
