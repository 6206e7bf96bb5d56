//! Dashboard users as plain values: addresses, roles, passwords, and which roles may grant which.

use crate::error::Error;

/// Longest address that can be delivered to (RFC 5321).
const MAX_EMAIL: usize = 254;
/// Shortest and longest password, in characters. Length makes a password hard to guess; longer ones than this only
/// cost time.
const PASSWORD: std::ops::RangeInclusive<usize> = 12..=256;
/// Common passwords of twelve characters and more, in lower case.
const COMMON: &str = include_str!("common_passwords.txt");

/// An e-mail address in its normal form for lookups: lower case, no surrounding space.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Parses the syntax only.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim().to_lowercase();
        let plain = |part: &str| {
            !part.is_empty()
                && !part.chars().any(|c| c.is_control() || c.is_whitespace() || "<>,;\"".contains(c))
        };
        let shape = text.len() <= MAX_EMAIL
            && text
                .split_once('@')
                .is_some_and(|(who, host)| plain(who) && plain(host) && !host.contains('@'));
        if shape { Ok(Self(text)) } else { Err(Error::field("email", "this is no e-mail address")) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A new password.
#[derive(Clone)]
pub struct NewPassword(String);

impl NewPassword {
    /// Parses a password; `field` names the input in the error.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, Error> {
        let length = text.chars().count();
        if length < *PASSWORD.start() {
            return Err(Error::field(field, "a password has at least 12 characters"));
        }
        if length > *PASSWORD.end() {
            return Err(Error::field(field, "a password has at most 256 characters"));
        }
        if is_common(text) {
            return Err(Error::field(
                field,
                "this password is among the first that are guessed; choose another",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether it is on the list, a repeated pattern, or a sequence of the alphabet, the digits or a keyboard row.
fn is_common(text: &str) -> bool {
    const ROWS: [&str; 5] = [
        "abcdefghijklmnopqrstuvwxyz",
        "01234567890123456789",
        "qwertyuiopasdfghjklzxcvbnm",
        "1q2w3e4r5t6y7u8i9o0p",
        "qazwsxedcrfvtgbyhnujmikolp",
    ];
    let lower = text.to_lowercase();
    let chars: Vec<char> = lower.chars().collect();
    let repeats = (1..=4).any(|period| chars.iter().skip(period).zip(&chars).all(|(a, b)| a == b));
    let walks =
        ROWS.iter().any(|row| row.contains(&lower) || row.chars().rev().collect::<String>().contains(&lower));
    repeats || walks || COMMON.lines().any(|common| common == lower)
}

/// The role of a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Owner,
    Admin,
    Developer,
    FraudAnalyst,
    Viewer,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Developer, Self::FraudAnalyst, Self::Viewer];

    /// Parses a stored role; anything else is the least one: a damaged row must not grant access.
    pub fn from_stored(text: &str) -> Self {
        Self::ALL.into_iter().find(|role| role.as_str() == text).unwrap_or(Self::Viewer)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::FraudAnalyst => "fraud_analyst",
            Self::Viewer => "viewer",
        }
    }

    /// Whether this role may create, change and remove users of role `other`.
    pub fn may_appoint(self, other: Self) -> bool {
        match self {
            Self::Owner => true,
            Self::Admin => other != Self::Owner,
            Self::Developer | Self::FraudAnalyst | Self::Viewer => false,
        }
    }

    /// Whether this role may create and change projects.
    pub fn may_run_projects(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Whether this role may delete the organisation.
    pub fn may_delete_organisation(self) -> bool {
        self == Self::Owner
    }

    /// Whether this role may read the audit log.
    pub fn may_audit(self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(password: &str) -> String {
        NewPassword::parse("password", password).err().map(|e| e.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_address_has_one_spelling() {
        assert_eq!(Email::parse(" Ada@Example.ORG ").unwrap().as_str(), "ada@example.org");
        for bad in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "a b@example.org",
            "a@b@c",
            "a\n@b.c",
            "<a@b.c>",
            &format!("{}@b.c", "a".repeat(255)),
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_is_long_and_not_the_first_that_is_guessed() {
        assert!(refused("elevenchars").contains("at least 12"));
        assert!(refused(&"ab1!".repeat(65)).contains("at most 256"));
        for common in [
            "password1234",
            "PASSWORD1234",
            "123456789012",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "qwertyuiopas",
            "abcdefghijklm",
            "1q2w3e4r5t6y",
        ] {
            assert!(refused(common).contains("guessed"), "{common}");
        }
        assert_eq!(refused("correct horse battery"), "");
        // Characters, not bytes.
        assert_eq!(refused("žluťoučký kůň"), "");
        assert!(refused("žluťoučký k").contains("at least 12"));
    }

    proptest! {
        #[test]
        fn no_user_grants_a_role_above_their_own(a in 0..5_usize, b in 0..5_usize) {
            let (a, b) = (Role::ALL[a], Role::ALL[b]);
            if a.may_appoint(b) {
                // A role that may grant another has all its permissions.
                prop_assert!(a == b || !b.may_appoint(a));
                prop_assert!(Role::ALL.into_iter().all(|c| a.may_appoint(c) || !b.may_appoint(c)));
                prop_assert!(a.may_run_projects() && a.may_audit());
            }
        }

        #[test]
        fn any_text_is_judged(text in ".{0,300}") {
            let _ = (Email::parse(&text), NewPassword::parse("password", &text));
        }
    }
}
