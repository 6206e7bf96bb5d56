//! The people of the dashboard: how they come in, what they may do to whom, and that organisations do not see each other.

use proto::accounts::{
    AcceptInvitationRequest, AuthorizeSessionRequest, ChangePasswordRequest, Client, ConfirmTotpRequest,
    CreateProjectRequest, DisableTotpRequest, InviteOwnerRequest, InviteRequest, Invited, NamedRequest,
    PasswordRequest, ResetAccountRequest, RevokeSessionRequest, Role, SecondFactorRequest, Session,
    SetRoleRequest, SignInRequest, SignInResponse, SignOutRequest, UpdateProjectRequest, Who,
    sign_in_response::Outcome,
    update_project_request::{Origins, Services},
};
use tonic::{Code, Status};
use totp_rs::{Builder, Secret};

use crate::{Service, on_each_database};

pub const PASSWORD: &str = "correct horse battery";

fn client() -> Option<Client> {
    Some(Client { address: "203.0.113.7".into(), user_agent: "a browser".into() })
}

impl Service {
    async fn accept(&mut self, invited: &Invited, password: &str) -> Result<SignInResponse, Status> {
        let request = AcceptInvitationRequest {
            token: invited.token.clone(),
            name: "Somebody".into(),
            password: password.into(),
            client: client(),
            replaces: String::new(),
        };
        self.accounts.accept_invitation(request).await.map(tonic::Response::into_inner)
    }

    pub async fn session(&mut self, token: &str) -> Result<Session, Status> {
        let request = AuthorizeSessionRequest { token: token.into(), project_id: String::new() };
        self.accounts.authorize(request).await.map(tonic::Response::into_inner)
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> SignInResponse {
        let request = SignInRequest {
            email: email.into(),
            password: password.into(),
            client: client(),
            replaces: String::new(),
        };
        self.accounts.sign_in(request).await.unwrap().into_inner()
    }

    /// The first owner of an organisation, signed in.
    pub async fn owner(&mut self, organisation: &str, email: &str) -> Who {
        let request = InviteOwnerRequest {
            email: email.into(),
            organisation_id: organisation.into(),
            organisation_name: "Acme".into(),
        };
        let invited = self.accounts.invite_owner(request).await.unwrap().into_inner();
        self.joined(&invited).await
    }

    async fn joined(&mut self, invited: &Invited) -> Who {
        let entered = self.accept(invited, PASSWORD).await.unwrap();
        let session = self.session(&entered.token).await.unwrap();
        Who { user_id: session.user.unwrap().id, session_id: session.id }
    }

    async fn invite(&mut self, who: &Who, email: &str, role: Role) -> Result<Invited, Status> {
        let request = InviteRequest { who: Some(who.clone()), email: email.into(), role: role.into() };
        self.accounts.invite(request).await.map(tonic::Response::into_inner)
    }

    async fn member(&mut self, who: &Who, email: &str, role: Role) -> Who {
        let invited = self.invite(who, email, role).await.unwrap();
        self.joined(&invited).await
    }

    async fn set_role(&mut self, who: &Who, user: &Who, role: Role) -> Result<(), Status> {
        let request =
            SetRoleRequest { who: Some(who.clone()), user_id: user.user_id.clone(), role: role.into() };
        self.accounts.set_role(request).await.map(drop)
    }

    async fn remove(&mut self, who: &Who, user: &Who) -> Result<(), Status> {
        self.accounts.remove_user(named(who, &user.user_id)).await.map(drop)
    }
}

fn named(who: &Who, id: &str) -> NamedRequest {
    NamedRequest { who: Some(who.clone()), id: id.into() }
}

fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> Code {
    answer.unwrap_err().code()
}

#[tokio::test]
async fn the_first_owner_comes_in_by_a_link_that_works_once() {
    on_each_database(async |mut service: Service| {
        let request = InviteOwnerRequest {
            email: "Ada@Example.org".into(),
            organisation_name: "Acme".into(),
            ..InviteOwnerRequest::default()
        };
        let invited = service.accounts.invite_owner(request).await.unwrap().into_inner();
        let weak = service.accept(&invited, "password1234").await.unwrap_err();
        assert_eq!(weak.metadata().get("x-field").unwrap(), "password");
        let entered = service.accept(&invited, PASSWORD).await.unwrap();
        assert_eq!(entered.outcome(), Outcome::SignedIn);
        let session = service.session(&entered.token).await.unwrap();
        let user = session.user.unwrap();
        assert_eq!(
            (user.email.as_str(), user.role(), session.organisation_name.as_str()),
            ("ada@example.org", Role::Owner, "Acme")
        );
        assert_eq!(session.csrf_token.len(), 64);
        assert_eq!(refused(service.accept(&invited, PASSWORD).await), Code::NotFound);
        assert_eq!(service.sign_in("ADA@example.org ", PASSWORD).await.outcome(), Outcome::SignedIn);
    })
    .await;
}

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
async fn guessing_closes_the_door_of_accounts_that_are_there_and_of_those_that_are_not() {
    on_each_database(async |mut service: Service| {
        service.owner("", "ada@example.org").await;
        for email in ["ada@example.org", "nobody@example.org"] {
            let mut answers = Vec::new();
            // The door closes for longer each time, so that on the slowest machine it is met closed.
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
async fn somebody_sees_and_ends_their_own_sessions_alone() {
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

/// The code of an authenticator, `ahead` steps of 30 seconds from now.
fn code(secret: &str, ahead: u64) -> String {
    let secret = Secret::try_from_base32(secret).unwrap();
    let totp = Builder::new().with_secret(secret.as_bytes().to_vec()).build().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    totp.generate(now + 30 * ahead).to_string()
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_each_code_opens_once() {
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
async fn who_lost_everything_is_let_in_by_a_link_of_the_command_line() {
    on_each_database(async |mut service: Service| {
        let who = service.owner("", "ada@example.org").await;
        let begin = PasswordRequest { who: Some(who.clone()), password: PASSWORD.into() };
        let offered = service.accounts.begin_totp(begin).await.unwrap().into_inner();
        let confirm = ConfirmTotpRequest { who: Some(who.clone()), code: code(&offered.secret, 0) };
        service.accounts.confirm_totp(confirm).await.unwrap();
        let reset = |email: &str| ResetAccountRequest { email: email.into() };
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

#[tokio::test]
async fn nobody_appoints_above_themselves_and_an_owner_is_always_left() {
    on_each_database(async |mut service: Service| {
        let ada = service.owner("", "ada@example.org").await;
        let admin = service.member(&ada, "grace@example.org", Role::Admin).await;
        let developer = service.member(&admin, "linus@example.org", Role::Developer).await;
        assert_eq!(
            refused(service.invite(&admin, "eve@example.org", Role::Owner).await),
            Code::PermissionDenied
        );
        for role in [Role::Viewer, Role::Developer, Role::Owner] {
            assert_eq!(
                refused(service.invite(&developer, "eve@example.org", role).await),
                Code::PermissionDenied
            );
        }
        assert_eq!(
            refused(service.set_role(&developer, &developer, Role::Admin).await),
            Code::PermissionDenied
        );
        assert_eq!(refused(service.set_role(&admin, &admin, Role::Owner).await), Code::PermissionDenied);
        assert_eq!(refused(service.set_role(&admin, &ada, Role::Viewer).await), Code::PermissionDenied);
        assert_eq!(refused(service.remove(&admin, &ada).await), Code::PermissionDenied);
        assert_eq!(refused(service.set_role(&ada, &ada, Role::Admin).await), Code::FailedPrecondition);
        assert_eq!(refused(service.remove(&ada, &ada).await), Code::FailedPrecondition);
        service.set_role(&admin, &developer, Role::FraudAnalyst).await.unwrap();
        service.set_role(&ada, &admin, Role::Owner).await.unwrap();
        service.remove(&admin, &ada).await.unwrap();
        assert_eq!(service.sign_in("ada@example.org", PASSWORD).await.outcome(), Outcome::Wrong);
        assert_eq!(refused(service.remove(&admin, &ada).await), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn another_role_ends_the_sessions_it_was_not_given_in() {
    on_each_database(async |mut service: Service| {
        let ada = service.owner("", "ada@example.org").await;
        let grace = service.member(&ada, "grace@example.org", Role::Admin).await;
        let token = service.sign_in("grace@example.org", PASSWORD).await.token;
        service.set_role(&ada, &grace, Role::Viewer).await.unwrap();
        assert_eq!(refused(service.session(&token).await), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn organisations_do_not_see_each_other() {
    on_each_database(async |mut service: Service| {
        let (ours, theirs) = (service.bootstrap().await, service.bootstrap().await);
        let ada = service.owner(&ours.organisation_id, "ada@example.org").await;
        let eve = service.owner(&theirs.organisation_id, "eve@example.org").await;
        assert_eq!(refused(service.set_role(&eve, &ada, Role::Viewer).await), Code::NotFound);
        assert_eq!(refused(service.remove(&eve, &ada).await), Code::NotFound);
        assert_eq!(
            refused(service.accounts.get_project(named(&eve, &ours.project_id)).await),
            Code::NotFound
        );
        let rename = UpdateProjectRequest {
            who: Some(eve.clone()),
            id: ours.project_id.clone(),
            name: Some("mine".into()),
            ..UpdateProjectRequest::default()
        };
        assert_eq!(refused(service.accounts.update_project(rename).await), Code::NotFound);
        let token = service.sign_in("eve@example.org", PASSWORD).await.token;
        for (project, granted) in [(&ours.project_id, false), (&theirs.project_id, true)] {
            let request = AuthorizeSessionRequest { token: token.clone(), project_id: project.clone() };
            let session = service.accounts.authorize(request).await.unwrap().into_inner();
            assert_eq!(session.project.is_some(), granted);
        }
        let invited = service.invite(&ada, "grace@example.org", Role::Viewer).await.unwrap();
        assert_eq!(
            refused(service.accounts.revoke_invitation(named(&eve, &invited.id)).await),
            Code::NotFound
        );
        let people = service.accounts.list_users(eve.clone()).await.unwrap().into_inner().users;
        assert_eq!(people.len(), 1);
        service.accounts.revoke_invitation(named(&ada, &invited.id)).await.unwrap();
        assert_eq!(refused(service.accept(&invited, PASSWORD).await), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn a_project_chooses_for_its_new_keys() {
    on_each_database(async |mut service: Service| {
        let ada = service.owner("", "ada@example.org").await;
        let create =
            CreateProjectRequest { who: Some(ada.clone()), name: "Kiosk".into(), selected_services: vec![] };
        let project = service.accounts.create_project(create).await.unwrap().into_inner();
        assert_eq!(project.selected_services.len(), 5);
        let change = UpdateProjectRequest {
            who: Some(ada.clone()),
            id: project.id.clone(),
            selected_services: Some(Services { names: vec!["Face Recognition".into()] }),
            cors_origins: Some(Origins { origins: vec!["https://App.example.org:443".into()] }),
            rate_limit_per_minute: Some(90),
            response_format: Some("sdk".into()),
            ..UpdateProjectRequest::default()
        };
        let changed = service.accounts.update_project(change).await.unwrap().into_inner();
        assert_eq!(
            (changed.name.as_str(), changed.cors_origins.as_slice()),
            ("Kiosk", &["https://app.example.org".to_owned()][..])
        );
        let key = service.create_key(&project.id, |_| {}).await.unwrap().key.unwrap();
        assert_eq!(
            (key.selected_services, key.response_format.as_str()),
            (vec!["Face Recognition".to_owned()], "sdk")
        );
        let request = proto::projects::AuthorizeApiKeyRequest {
            api_key_id: key.id.clone(),
            project_id: project.id.clone(),
        };
        let granted = service.client.authorize_api_key(request).await.unwrap().into_inner();
        assert_eq!((granted.rate_limit_per_minute, granted.cors_origins.len()), (90, 1));
        // It was used just now, which is written in its own time.
        let get = proto::projects::GetApiKeyRequest { project_id: project.id.clone(), api_key_id: key.id };
        while service.client.get_api_key(get.clone()).await.unwrap().into_inner().last_used_at_ms == 0 {
            tokio::task::yield_now().await;
        }
        let developer = service.member(&ada, "linus@example.org", Role::Developer).await;
        let create =
            CreateProjectRequest { who: Some(developer), name: "Mine".into(), selected_services: vec![] };
        assert_eq!(refused(service.accounts.create_project(create).await), Code::PermissionDenied);
    })
    .await;
}
