//! Ids that are safe as a part of a path.

use std::fmt;

use crate::Error;

/// Names one blob of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobId(String);

/// The owner of a blob; a project.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenant(String);

fn checked(text: &str) -> Result<String, Error> {
    // No dots and no separators: no such name can leave its folder.
    let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if (1..=80).contains(&text.len()) && text.bytes().all(fine) {
        Ok(text.to_owned())
    } else {
        Err(Error::BadId)
    }
}

macro_rules! name {
    ($type:ident) => {
        impl $type {
            /// Accepts 1 to 80 of `a-z A-Z 0-9 - _`.
            ///
            /// # Errors
            /// [`Error::BadId`] for anything else.
            pub fn parse(text: &str) -> Result<Self, Error> {
                checked(text).map(Self)
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(BlobId);
name!(Tenant);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_no_ids() {
        for bad in ["", "..", ".", "a/b", "a\\b", "a.b", "a#1", "ä", "a b", "a\0", &"x".repeat(81)] {
            assert!(BlobId::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(Tenant::parse("prj_0-A").unwrap().to_string(), "prj_0-A");
    }

    proptest! {
        #[test]
        fn parsed_ids_are_one_path_segment(text in ".{0,90}") {
            if let Ok(id) = BlobId::parse(&text) {
                let path = std::path::PathBuf::from(id.to_string());
                prop_assert_eq!(path.components().count(), 1);
                prop_assert!(matches!(path.components().next(), Some(std::path::Component::Normal(_))));
            }
        }
    }
}
