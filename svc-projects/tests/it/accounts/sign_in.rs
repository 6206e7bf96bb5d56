//! Signing in and out, guesses, and the sessions somebody has.

use proto::accounts::{
    ChangePasswordRequest, RevokeSessionRequest, Role, SignInRequest, SignOutRequest, Who,
    sign_in_response::Outcome,
};
use tonic::Code;

use super::{PASSWORD, client, refused};
use crate::{Service, on_each_database};

#[tokio::test]
async fn every_sign_in_is_a_session_of_its_own_and_signing_out_ends_it() {
    on_each_database(async |mut service: Service| {
        service.owner("", "ada@example.org").await;
        let first = service.sign_in("ada@example.org", PASSWORD).await.token;
        // Whatever session a browser was made to come with, it leaves with another.
        let request = SignInRequest {
            email: "ada@example.org".into(),
            password: PASSWORD.into(),
            client: client(),
            replaces: first.clone(),
            device: String::new(),
        };
        let second = service.accounts.sign_in(request).await.unwrap().into_inner().token;
        assert_ne!(first, second);
        assert_eq!(refused(service.session(&first).await), Code::NotFound);
        let session = service.session(&second).await.unwrap();
        assert_ne!(session.csrf_token, service.sign_in("ada@example.org", PASSWORD).await.token);
        service.accounts.sign_out(SignOutRequest { token: second.clone() }).await.unwrap();
        assert_eq!(refused(service.session(&second).await), Code::NotFound);
        assert_eq!(refused(service.session("").await), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn guessing_locks_out_known_and_unknown_accounts_alike() {
    on_each_database(async |mut service: Service| {
        service.owner("", "ada@example.org").await;
        for email in ["ada@example.org", "nobody@example.org"] {
            let mut answers = Vec::new();
            // Each lockout is longer, so that even the slowest machine meets one.
            while answers.last() != Some(&Outcome::Wait) && answers.len() < 20 {
                answers.push(service.sign_in(email, "a wrong password").await.outcome());
            }
            assert!(answers.len() > 6, "{email} {answers:?}");
            assert_eq!(answers.pop(), Some(Outcome::Wait), "{email}");
            assert!(answers.iter().all(|outcome| *outcome == Outcome::Wrong), "{email} {answers:?}");
        }
        // Another process knows.
        let mut elsewhere = Service::open(service.config().db).await;
        let mut heard = 0;
        while elsewhere.sign_in("nobody@example.org", "a wrong password").await.outcome() == Outcome::Wrong {
            heard += 1;
        }
        assert!(heard < 5, "{heard} guesses were free again");
    })
    .await;
}

#[tokio::test]
async fn attempts_side_by_side_are_all_counted() {
    on_each_database(async |mut service: Service| {
        service.owner("", "ada@example.org").await;
        let tries = (0..12).map(|_| {
            let mut service = service.clone();
            async move { service.sign_in("ada@example.org", "a wrong password").await.outcome() }
        });
        let tasks: Vec<_> = tries.map(tokio::spawn).collect();
        let mut heard = 0;
        for task in tasks {
            heard += usize::from(task.await.unwrap() == Outcome::Wrong);
        }
        assert!(heard <= 8, "{heard} of 12 guesses were heard");
    })
    .await;
}

#[tokio::test]
async fn a_stranger_elsewhere_does_not_lock_the_owner_out() {
    on_each_database(async |mut service: Service| {
        service.owner("", "ada@example.org").await;
        let (here, there) = ("203.0.113.7", "198.51.100.9");
        // The number of guesses that are tried before a lockout.
        let heard = async |service: &mut Service, device: &str| {
            let mut heard = 0;
            while service.sign_in_from(there, "ada@example.org", "a wrong password", device).await.outcome()
                == Outcome::Wrong
            {
                heard += 1;
            }
            heard
        };
        assert!(heard(&mut service, "").await >= 6);
        let entered = service.sign_in_from(here, "ada@example.org", PASSWORD, "").await;
        assert_eq!(entered.outcome(), Outcome::SignedIn);
        // Where the stranger is, a browser that was in before is heard all the same; one of somebody else's is not.
        let known = service.sign_in_from(there, "ada@example.org", PASSWORD, &entered.device).await;
        assert_eq!(known.outcome(), Outcome::SignedIn);
        service.owner("", "eve@example.org").await;
        let theirs = service.sign_in_from(here, "eve@example.org", PASSWORD, "").await.device;
        let forged = entered.device.replacen('.', "1.", 1);
        for device in [&theirs, &forged, &String::from("..."), &"x".repeat(300)] {
            let heard = heard(&mut service, device).await;
            assert!(heard < 5, "{device}: {heard} guesses were free again");
        }
        // Who guesses with a known browser is a stranger again.
        let heard = heard(&mut service, &known.device).await;
        assert!((11..25).contains(&heard), "{heard}");
    })
    .await;
}

#[tokio::test]
async fn many_networks_together_are_throttled_and_the_owner_still_signs_in() {
    on_each_database(async |mut service: Service| {
        service.owner("", "ada@example.org").await;
        let device = service.sign_in("ada@example.org", PASSWORD).await.device;
        let mut heard = 0;
        loop {
            let address = format!("10.0.{}.{}", heard / 200, heard % 200);
            let guess = service.sign_in_from(&address, "ada@example.org", "a wrong password", "").await;
            if guess.outcome() == Outcome::Wait {
                break;
            }
            heard += 1;
        }
        assert!((100..130).contains(&heard), "{heard}");
        let known = service.sign_in_from("192.0.2.1", "ada@example.org", PASSWORD, &device).await;
        assert_eq!(known.outcome(), Outcome::SignedIn);
    })
    .await;
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    on_each_database(async |mut service: Service| {
        let who = service.owner("", "ada@example.org").await;
        let old = service.sign_in("ada@example.org", PASSWORD).await.token;
        let change = |current: &str, new: &str| ChangePasswordRequest {
            who: Some(who.clone()),
            current_password: current.into(),
            new_password: new.into(),
            client: client(),
        };
        let wrong = service
            .accounts
            .change_password(change("not mine at all", "another long one"))
            .await
            .unwrap_err();
        assert_eq!(wrong.metadata().get("x-field").unwrap(), "current_password");
        let short = service.accounts.change_password(change(PASSWORD, "short")).await.unwrap_err();
        assert_eq!(short.metadata().get("x-field").unwrap(), "new_password");
        let new = service.accounts.change_password(change(PASSWORD, "another long one")).await.unwrap();
        assert_eq!(refused(service.session(&old).await), Code::NotFound);
        service.session(&new.into_inner().token).await.unwrap();
        assert_eq!(service.sign_in("ada@example.org", PASSWORD).await.outcome(), Outcome::Wrong);
        assert_eq!(service.sign_in("ada@example.org", "another long one").await.outcome(), Outcome::SignedIn);
    })
    .await;
}

#[tokio::test]
async fn a_user_sees_and_ends_only_their_own_sessions() {
    on_each_database(async |mut service: Service| {
        let ada = service.owner("", "ada@example.org").await;
        let eve = service.member(&ada, "eve@example.org", Role::Admin).await;
        let open = service.accounts.list_sessions(ada.clone()).await.unwrap().into_inner().sessions;
        assert_eq!(
            (open.len(), open[0].address.as_str(), open[0].user_agent.as_str()),
            (1, "203.0.113.7", "a browser")
        );
        let end =
            |who: &Who, id: &str| RevokeSessionRequest { who: Some(who.clone()), session_id: id.into() };
        assert_eq!(refused(service.accounts.revoke_session(end(&eve, &open[0].id)).await), Code::NotFound);
        service.accounts.revoke_session(end(&ada, &open[0].id)).await.unwrap();
        assert!(service.accounts.list_sessions(ada.clone()).await.unwrap().into_inner().sessions.is_empty());
    })
    .await;
}
