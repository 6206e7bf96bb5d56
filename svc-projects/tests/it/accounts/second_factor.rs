//! The second factor, and the way back in for who lost it.

use proto::accounts::{
    ConfirmTotpRequest, DisableTotpRequest, PasswordRequest, ResetAccountRequest, SecondFactorRequest,
    sign_in_response::Outcome,
};
use tonic::Code;
use totp_rs::{Builder, Secret};

use super::{PASSWORD, client, refused};
use crate::{Service, on_each_database};

/// The code of an authenticator, `ahead` steps of 30 seconds from now.
pub fn code(secret: &str, ahead: u64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret.as_bytes().to_vec()).build().unwrap();
    let now = boot::now_ms().unsigned_abs() / 1000;
    totp.generate(now + 30 * ahead).to_string()
}

#[tokio::test]
async fn a_second_factor_is_required_and_each_code_works_once() {
    on_each_database(async |mut service: Service| {
        let who = service.owner("", "ada@example.org").await;
        let begin = |password: &str| PasswordRequest { who: Some(who.clone()), password: password.into() };
        assert_eq!(
            refused(service.accounts.begin_totp(begin("not mine at all")).await),
            Code::InvalidArgument
        );
        let offered = service.accounts.begin_totp(begin(PASSWORD)).await.unwrap().into_inner();
        assert!(offered.otpauth_url.starts_with("otpauth://totp/Biometry:"), "{}", offered.otpauth_url);
        // Until a first code was right, nothing is asked for.
        assert_eq!(service.sign_in("ada@example.org", PASSWORD).await.outcome(), Outcome::SignedIn);
        let confirm = |code: String| ConfirmTotpRequest { who: Some(who.clone()), code };
        assert_eq!(
            refused(service.accounts.confirm_totp(confirm("12345".into())).await),
            Code::InvalidArgument
        );
        let first = code(&offered.secret, 0);
        let codes = service.accounts.confirm_totp(confirm(first.clone())).await.unwrap().into_inner().codes;
        assert_eq!(codes.len(), 10);

        let half = service.sign_in("ada@example.org", PASSWORD).await;
        assert_eq!(half.outcome(), Outcome::SecondFactor);
        assert!(service.session(&half.token).await.unwrap().half_open);
        let finish = async |service: &mut Service, token: &str, code: &str| {
            let request = SecondFactorRequest { token: token.into(), code: code.into(), client: client() };
            service.accounts.second_factor(request).await.map(tonic::Response::into_inner)
        };
        let again = finish(&mut service, &half.token, &first).await.unwrap();
        assert_eq!(again.outcome(), Outcome::Wrong, "a code was used to confirm, so it is used up");
        let next = code(&offered.secret, 1);
        let entered = finish(&mut service, &half.token, &next).await.unwrap();
        assert_eq!(entered.outcome(), Outcome::SignedIn);
        assert_ne!(entered.token, half.token);
        assert_eq!(refused(service.session(&half.token).await), Code::NotFound);
        // A whole session is none to finish.
        assert_eq!(refused(finish(&mut service, &entered.token, &next).await), Code::NotFound);

        for expected in [Outcome::SignedIn, Outcome::Wrong] {
            let half = service.sign_in("ada@example.org", PASSWORD).await;
            let typed = codes[3].to_uppercase().replace('-', " ");
            let entered = finish(&mut service, &half.token, &typed).await.unwrap();
            assert_eq!(entered.outcome(), expected, "a recovery code opens once");
        }
        let disable = |code: &str| DisableTotpRequest {
            who: Some(who.clone()),
            password: PASSWORD.into(),
            code: code.into(),
        };
        assert_eq!(refused(service.accounts.disable_totp(disable(&codes[3])).await), Code::InvalidArgument);
        service.accounts.disable_totp(disable(&codes[4])).await.unwrap();
        assert_eq!(service.sign_in("ada@example.org", PASSWORD).await.outcome(), Outcome::SignedIn);
    })
    .await;
}

#[tokio::test]
async fn a_locked_out_owner_signs_in_with_a_link_of_the_command_line() {
    on_each_database(async |mut service: Service| {
        let who = service.owner("", "ada@example.org").await;
        let begin = PasswordRequest { who: Some(who.clone()), password: PASSWORD.into() };
        let offered = service.accounts.begin_totp(begin).await.unwrap().into_inner();
        let confirm = ConfirmTotpRequest { who: Some(who.clone()), code: code(&offered.secret, 0) };
        service.accounts.confirm_totp(confirm).await.unwrap();
        let reset =
            |email: &str| ResetAccountRequest { email: email.into(), ..ResetAccountRequest::default() };
        assert_eq!(
            refused(service.accounts.reset_account(reset("nobody@example.org")).await),
            Code::NotFound
        );
        let link = service.accounts.reset_account(reset("ada@example.org")).await.unwrap().into_inner();
        assert_eq!(service.sign_in("ada@example.org", PASSWORD).await.outcome(), Outcome::SecondFactor);
        service.accept(&link, "a password of now").await.unwrap();
        assert_eq!(
            service.sign_in("ada@example.org", "a password of now").await.outcome(),
            Outcome::SignedIn
        );
        assert_eq!(refused(service.accept(&link, "yet another one").await), Code::NotFound);
    })
    .await;
}
