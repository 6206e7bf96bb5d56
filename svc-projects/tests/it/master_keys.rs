//! A new master key takes over keys, people and the audit log.

use ledger::Rewrap;
use proto::accounts::{
    ConfirmTotpRequest, PasswordRequest, Role, SecondFactorRequest, Who, sign_in_response::Outcome,
};
use svc_projects::{Config, KnownEnd};
use tonic::Code;

use crate::{
    Service,
    accounts::{PASSWORD, client, second_factor::code},
    on_each_database,
    tampering::{authorize, run},
};

const ADA: &str = "ada@example.org";

fn keyed(service: &Service, active: &str, retired: &[&str]) -> Config {
    let retired = retired.iter().map(|key| key.repeat(32).into()).collect();
    let keys =
        blob::KeyConfig { secret: Some(active.repeat(32).into()), retired, ..blob::KeyConfig::default() };
    Config { keys, ..service.config() }
}

async fn left(config: &Config) -> Vec<String> {
    let (keys, usage) = ledger::key_usage(config, boot::now_ms()).await.unwrap();
    usage.into_iter().filter(|used| used.key_id != keys[0]).map(|used| used.column).collect()
}

async fn rewrap(config: &Config) -> Vec<String> {
    let mut reported = Vec::new();
    let mut report = |what: &str, _: u64| reported.push(what.to_owned());
    ledger::rewrap(config, &mut Rewrap { batch: 2, report: &mut report }, boot::now_ms()).await.unwrap();
    reported
}

async fn findings(config: Config, known: &[KnownEnd]) -> (Vec<String>, KnownEnd) {
    let mut found = Vec::new();
    let verified = svc_projects::verify_audit(config, known, |finding| found.push(finding.to_string()));
    let end = verified.await.unwrap().end;
    (found, end)
}

/// A second factor for somebody; returns the recovery codes.
async fn recovery_codes(service: &mut Service, who: &Who) -> Vec<String> {
    let begin = PasswordRequest { who: Some(who.clone()), password: PASSWORD.into() };
    let offered = service.accounts.begin_totp(begin).await.unwrap().into_inner();
    let confirm = ConfirmTotpRequest { who: Some(who.clone()), code: code(&offered.secret, 0) };
    service.accounts.confirm_totp(confirm).await.unwrap().into_inner().codes
}

async fn sign_in_with(service: &mut Service, code: &str) -> Result<Outcome, Code> {
    let half = service.sign_in(ADA, PASSWORD).await;
    assert_eq!(half.outcome(), Outcome::SecondFactor);
    let request = SecondFactorRequest { token: half.token, code: code.into(), client: client() };
    let answer = service.accounts.second_factor(request).await.map_err(|status| status.code())?;
    Ok(answer.into_inner().outcome())
}

#[tokio::test]
async fn after_a_rewrap_the_old_key_is_not_needed_and_a_distrusted_one_is_rejected() {
    on_each_database(async |mut service: Service| {
        let made = service.bootstrap().await;
        let who = service.owner("", ADA).await;
        let invited = service.invite(&who, "bob@example.org", Role::Developer).await.unwrap();
        let codes = recovery_codes(&mut service, &who).await;
        let noted = findings(service.config(), &[]).await.1;
        let tables = db::Db::open(&service.config().db, &svc_projects::MIGRATIONS).await.unwrap();
        let old_macs: (String, String) = tables
            .fetch_one(
                "SELECT k.mac, h.seal FROM api_keys k, audit_head h WHERE k.id = $1",
                db::params![&made.api_key_id],
            )
            .await
            .unwrap();

        let both = keyed(&service, "08", &["07"]);
        let before = left(&both).await;
        for column in
            ["users.sealed_password", "invitations.sealed", "audit_entries.mac", "recovery_codes.mac"]
        {
            assert!(before.iter().any(|used| used == column), "{column}: {before:?}");
        }
        let old_id = ledger::key_usage(&both, boot::now_ms()).await.unwrap().0[1].clone();
        ledger::distrust_master_key(&both, &old_id, boot::now_ms()).await.unwrap_err();
        rewrap(&both).await;
        assert_eq!(left(&both).await, [""; 0]);
        assert_eq!(rewrap(&both).await, [""; 0], "nothing is done twice");
        let refused = tables.execute("UPDATE audit_entries SET actor = 'x'", &[]).await.unwrap_err();
        assert!(refused.to_string().contains("append only"), "{refused}");

        let alone = keyed(&service, "08", &[]);
        let mut anew = Service::of(alone.clone()).await.unwrap();
        assert_eq!(authorize(&mut anew, &made.project_id, &made.api_key_id).await, Ok(true));
        assert_eq!(sign_in_with(&mut anew, &codes[0]).await, Ok(Outcome::SignedIn));
        anew.accept(&invited, PASSWORD).await.unwrap();
        assert_eq!(findings(alone.clone(), std::slice::from_ref(&noted)).await.0, [""; 0]);
        svc_projects::rotate_signing_key(&alone).await.unwrap();
        assert_eq!(anew.verification_keys().await.len(), 2);

        ledger::distrust_master_key(&both, &old_id, boot::now_ms()).await.unwrap();
        for config in [both, alone.clone()] {
            let mut anew = Service::of(config).await.unwrap();
            assert_eq!(authorize(&mut anew, &made.project_id, &made.api_key_id).await, Ok(true));
        }
        // What somebody with the old key makes: a row under it, a code, the end of the log.
        run(
            &service,
            "UPDATE api_keys SET mac = $1 WHERE id = $2",
            db::params![&old_macs.0, &made.api_key_id],
        )
        .await;
        run(&service, "UPDATE recovery_codes SET mac = ''", &[]).await;
        for config in [keyed(&service, "08", &["07"]), alone.clone()] {
            let mut anew = Service::of(config).await.unwrap();
            assert_eq!(
                authorize(&mut anew, &made.project_id, &made.api_key_id).await,
                Err(Code::Internal),
                "a row under a distrusted key"
            );
            assert_eq!(sign_in_with(&mut anew, &codes[1]).await, Err(Code::Internal));
        }
        run(&service, "UPDATE audit_head SET seal = $1", db::params![&old_macs.1]).await;
        assert!(findings(alone, &[noted]).await.0.iter().any(|found| found.contains("not sealed")));
    })
    .await;
}
