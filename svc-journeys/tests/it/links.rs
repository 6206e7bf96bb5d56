//! Links: opened by their token alone, bound to a browser, used once, gone with their subject.

use aws_lc_rs::digest;
use proto::{
    journeys::{self as wire, LinkPurpose},
    subjects::{Kept, Remains, Subject},
};

use crate::{TENANT, World, done, each_world, record, word};

const TEN_MINUTES_MS: i64 = 10 * 60 * 1000;

fn asked(world: &World) -> wire::CreateLinkRequest {
    let holder = wire::LinkHolder {
        identifier: "ada".into(),
        email: "ada@example.org".into(),
        ..wire::LinkHolder::default()
    };
    wire::CreateLinkRequest {
        project_id: TENANT.into(),
        api_key_id: "key-1".into(),
        purpose: LinkPurpose::LivenessPage.into(),
        holder: Some(holder),
        expires_at_ms: world.now_ms() + TEN_MINUTES_MS,
        ..wire::CreateLinkRequest::default()
    }
}

async fn create(world: &World, request: wire::CreateLinkRequest) -> (wire::Link, String) {
    let made = done(world.client().create_link(request).await);
    (made.link.unwrap(), made.token)
}

fn open(token: &str) -> wire::OpenLinkRequest {
    let purpose = LinkPurpose::LivenessPage.into();
    wire::OpenLinkRequest { token: token.into(), purpose, ..wire::OpenLinkRequest::default() }
}

#[tokio::test]
async fn a_link_says_whose_it_is_and_of_two_that_take_it_one_succeeds() {
    each_world(async |world| {
        let (made, token) = create(&world, asked(&world)).await;
        let opened = done(world.client().open_link(open(&token)).await);
        let link = opened.link.unwrap();
        assert_eq!((link.project_id.as_str(), link.api_key_id.as_str()), (TENANT, "key-1"));
        assert_eq!(link.holder.as_ref().unwrap().identifier, "ada");
        assert_eq!((link.id.as_str(), opened.browser_secret.as_str()), (made.id.as_str(), ""));
        let other = wire::OpenLinkRequest { purpose: LinkPurpose::VerificationPage.into(), ..open(&token) };
        assert_eq!(word(world.client().open_link(other).await), "link_not_found");
        assert_eq!(word(world.client().open_link(open("made up")).await), "link_not_found");
        let foreign = wire::RecordRequest { project_id: "prj_2".into(), ..record(&link.id) };
        assert_eq!(word(world.client().take_link(foreign).await), "link_not_found");

        let (mut one, mut two) = (world.client(), world.client());
        let both = tokio::join!(one.take_link(record(&link.id)), two.take_link(record(&link.id)));
        assert_eq!([both.0, both.1].iter().filter(|taken| taken.is_ok()).count(), 1);
        assert_eq!(word(world.client().open_link(open(&token)).await), "link_is_used");
        done(world.client().return_link(record(&link.id)).await);
        done(world.client().take_link(record(&link.id)).await);
    })
    .await;
}

#[tokio::test]
async fn an_expired_link_opens_nothing_and_is_forgotten() {
    each_world(async |world| {
        let (link, token) = create(&world, asked(&world)).await;
        world.pass(TEN_MINUTES_MS);
        assert_eq!(word(world.client().open_link(open(&token)).await), "link_has_expired");
        assert_eq!(word(world.client().take_link(record(&link.id)).await), "link_is_used");
        world.pass(25 * 3600 * 1000);
        create(&world, asked(&world)).await;
        assert_eq!(word(world.client().take_link(record(&link.id)).await), "link_not_found");
    })
    .await;
}

#[tokio::test]
async fn the_first_browser_is_the_only_one() {
    each_world(async |world| {
        let (_, token) = create(&world, asked(&world)).await;
        let binding = wire::OpenLinkRequest { binds: true, ..open(&token) };
        let (mut one, mut two) = (world.client(), world.client());
        let both = tokio::join!(one.open_link(binding.clone()), two.open_link(binding.clone()));
        let secrets: Vec<_> = [both.0, both.1].into_iter().filter_map(Result::ok).collect();
        assert_eq!(secrets.len(), 1);
        let browser_secret = secrets.into_iter().next().unwrap().into_inner().browser_secret;
        assert_eq!(browser_secret.len(), 64);
        assert_eq!(word(world.client().open_link(binding.clone()).await), "link_of_another_browser");
        assert_eq!(word(world.client().open_link(open(&token)).await), "link_of_another_browser");
        let own = wire::OpenLinkRequest { browser_secret, ..binding };
        assert_eq!(done(world.client().open_link(own).await).browser_secret, "");
    })
    .await;
}

#[tokio::test]
async fn a_mailed_link_wants_its_code_and_five_wrong_ones_end_the_code() {
    each_world(async |mut world| {
        let request = wire::CreateLinkRequest {
            mail_prefix: "https://id.example/liveness/".into(),
            needs_code: true,
            ..asked(&world)
        };
        let (link, token) = create(&world, request).await;
        let mail = world.mail.next().await.data.replace("=\r\n", "").replace("=\n", "");
        assert!(mail.contains(&format!("https://id.example/liveness/{token}")), "{mail}");
        assert_eq!(word(world.client().take_link(record(&link.id)).await), "otp_does_not_match");
        let check = |code: &str| wire::CheckLinkCodeRequest {
            project_id: TENANT.into(),
            id: link.id.clone(),
            code: code.into(),
        };
        assert_eq!(
            word(world.client().check_link_code(check("123456")).await),
            "emailValidation_has_expired"
        );
        done(world.client().send_link_code(record(&link.id)).await);
        let code = received(&mut world).await;
        let wrong = if code == "111111" { "222222" } else { "111111" };
        for _ in 0..5 {
            assert_eq!(word(world.client().check_link_code(check(wrong)).await), "otp_does_not_match");
        }
        assert_eq!(word(world.client().check_link_code(check(&code)).await), "emailValidation_has_expired");
        done(world.client().send_link_code(record(&link.id)).await);
        received(&mut world).await;
        done(world.client().send_link_code(record(&link.id)).await);
        let code = received(&mut world).await;
        assert_eq!(word(world.client().send_link_code(record(&link.id)).await), "attempts_exceeded");
        assert!(!done(world.client().check_link_code(check(&code)).await).needs_code);
        done(world.client().take_link(record(&link.id)).await);
    })
    .await;
}

async fn received(world: &mut World) -> String {
    let mail = world.mail.next().await;
    mail.data.split("code is ").nth(1).unwrap().chars().take(6).collect()
}

#[tokio::test]
async fn links_go_with_their_subject_and_themes_with_their_project() {
    each_world(async |world| {
        let (_, token) = create(&world, asked(&world)).await;
        let named = svc_journeys::named_subjects(&world.config).await.unwrap();
        assert!(named.contains(&(TENANT.to_owned(), "ada".to_owned())), "{named:?}");
        let subject = Subject { project_id: TENANT.into(), user_fullname: "ada".into() };
        let one = |kind: &str| Remains { kept: vec![Kept { kind: kind.into(), count: 1 }] };
        assert_eq!(done(world.client().find_subject(subject.clone()).await), one("one_time_link"));
        assert_eq!(done(world.client().erase_subject(subject).await), one("one_time_link"));
        assert_eq!(word(world.client().open_link(open(&token)).await), "link_not_found");

        let theme = wire::PageTheme {
            project_id: TENANT.into(),
            name: "Example".into(),
            accent: "#0a5cff".into(),
            frame_ancestors: vec!["https://a.example".into()],
            logo: b"\x89PNG\r\n".as_slice().into(),
            ..wire::PageTheme::default()
        };
        let put = done(world.client().put_page_theme(theme.clone()).await);
        let asked = wire::GetPageThemeRequest { project_id: TENANT.into() };
        let found = done(world.client().get_page_theme(asked.clone()).await);
        assert_eq!(found, put);
        assert_eq!((found.logo_type.as_str(), found.name.as_str()), ("image/png", "Example"));
        let foreign = wire::GetPageThemeRequest { project_id: "prj_2".into() };
        assert_eq!(done(world.client().get_page_theme(foreign).await).name, "");
        for wrong in [
            wire::PageTheme { accent: "red;}".into(), ..theme.clone() },
            wire::PageTheme { redirect_url: "javascript:alert(1)".into(), ..theme.clone() },
            wire::PageTheme { frame_ancestors: vec!["*".into()], ..theme.clone() },
            wire::PageTheme { logo: b"<svg/>".as_slice().into(), ..theme.clone() },
        ] {
            let refused = world.client().put_page_theme(wrong).await.unwrap_err();
            assert!(refused.metadata().get("x-field").is_some(), "{refused:?}");
        }
        let tenant = proto::subjects::Project { project_id: TENANT.into() };
        assert_eq!(done(world.client().erase_project(tenant).await), one("page_theme"));
        assert_eq!(done(world.client().get_page_theme(asked).await).name, "");
    })
    .await;
}

/// What somebody does who can write to the database and has no master key.
async fn tamper(world: &World, sql: &'static str, params: &[db::Value<'_>]) {
    let mut config = world.config.db.clone();
    config.migrate = db::Migrate::Never;
    let db = db::Db::open(&config, &sqlx::migrate::Migrator::DEFAULT).await.unwrap();
    assert_eq!(db.execute(sql, params).await.unwrap(), 1, "{sql}");
    db.close().await;
}

#[tokio::test]
async fn a_link_grants_what_it_was_made_with_whatever_its_row_says() {
    const CHANGES: [&str; 3] = [
        "UPDATE links SET api_key_id = 'key-of-an-owner' WHERE id = $1",
        "UPDATE links SET expires_at = expires_at + 86400000 WHERE id = $1",
        "UPDATE links SET purpose = 'verification_page' WHERE id = $1",
    ];
    each_world(async |world| {
        for change in CHANGES {
            let (link, token) = create(&world, asked(&world)).await;
            tamper(&world, change, db::params![&link.id]).await;
            assert_eq!(word(world.client().open_link(open(&token)).await), "link_not_found", "{change}");
            assert_eq!(word(world.client().take_link(record(&link.id)).await), "link_not_found", "{change}");
        }
        // The token of one link, put to another one.
        let (mine, token) = create(&world, asked(&world)).await;
        let (theirs, _) = create(&world, asked(&world)).await;
        tamper(&world, "DELETE FROM links WHERE id = $1", db::params![&mine.id]).await;
        let hash = digest::digest(&digest::SHA256, token.as_bytes()).as_ref().to_vec();
        let moved = "UPDATE links SET token_hash = $2 WHERE id = $1";
        tamper(&world, moved, db::params![&theirs.id, &hash]).await;
        assert_eq!(word(world.client().open_link(open(&token)).await), "link_not_found");
    })
    .await;
}
