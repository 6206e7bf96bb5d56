//! The users of an organisation: list, set role, remove.

use proto::accounts as wire;
use serde_json::json;

use super::{Accounts, change, organisation};
use crate::{api_key::UserId, audit::Change, error::Error, person::Role, store::UserRow};

impl Accounts {
    pub(super) async fn list_users(&self, who: wire::Who) -> Result<wire::ListUsersResponse, Error> {
        let caller = self.find_caller(Some(&who)).await?;
        let rows = self.store.list_users(&organisation(&caller)?).await?;
        let users: Result<_, Error> = rows.iter().map(|row| self.describe_user(row)).collect();
        Ok(wire::ListUsersResponse { users: users? })
    }

    /// Returns a user of the caller's own organisation; others are unknown.
    async fn find_colleague(&self, caller: &UserRow, id: &str) -> Result<UserRow, Error> {
        let found = self.store.find_user(&UserId::parse(id)?).await?;
        found.filter(|user| user.organisation_id == caller.organisation_id).ok_or(Error::NoSuchUser)
    }

    pub(super) async fn set_role(&self, request: wire::SetRoleRequest) -> Result<wire::User, Error> {
        let caller = self.find_caller(request.who.as_ref()).await?;
        let user = self.find_colleague(&caller, &request.user_id).await?;
        let role = Role::try_from(request.role())?;
        if !caller.role().may_appoint(user.role()) || !caller.role().may_appoint(role) {
            return Err(Error::AboveOwnRole);
        }
        if role != user.role() {
            let (before, after) = (Some(json!({"role": user.role})), Some(json!({"role": role.as_str()})));
            let change =
                Change { before, after, ..change(&user.organisation_id, "user.role_changed", &user.id) };
            self.store.set_role(&user, role, change, self.store.now_ms()).await?;
        }
        self.describe_user(&UserRow { role: role.as_str().into(), ..user })
    }

    pub(super) async fn remove_user(&self, request: wire::NamedRequest) -> Result<wire::Done, Error> {
        let caller = self.find_caller(request.who.as_ref()).await?;
        let user = self.find_colleague(&caller, &request.id).await?;
        // All users may remove their own account.
        if caller.id != user.id && !caller.role().may_appoint(user.role()) {
            return Err(Error::AboveOwnRole);
        }
        let before = Some(json!({"role": user.role}));
        let change = Change { before, ..change(&user.organisation_id, "user.removed", &user.id) };
        self.store.remove_user(&user, change).await?;
        Ok(wire::Done {})
    }
}
