//! Endorsements: trust in ledger marks that outlives their master key.
//!
//! The marks of a ledger are chained by keyed hashes, and its heads were noted elsewhere: they can never be
//! recomputed. When their master key is retired, each mark gets an endorsement, a keyed hash over the mark under the
//! active key. A holder of the earlier key can still make marks, but no endorsements.

use blob::{KeyId, KeyRing, Purpose};

const ENDORSE: Purpose = Purpose("endorse a mark of an earlier master key");

/// Makes and checks endorsements. Clones share the keys.
#[derive(Clone, Debug)]
pub struct Endorser(KeyRing);

impl Endorser {
    pub fn new(ring: KeyRing) -> Self {
        Self(ring)
    }

    /// Makes an endorsement under the active key of the mark `mac`, number `seq` of the `part` of a ledger.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn endorse(&self, part: &str, seq: i64, mac: &str) -> Result<String, blob::Error> {
        let macs = self.0.macs(ENDORSE, &over(part, seq, mac))?;
        Ok(macs.first().map(|mac| text(mac.key_id, &mac.tag)).unwrap_or_default())
    }

    /// Returns the trusted key that made `endorsement` for this mark, if any.
    ///
    /// # Errors
    /// Never in practice; a failure of the cipher library.
    pub fn endorsed_by(
        &self,
        (part, seq, mac): (&str, i64, &str),
        endorsement: &str,
    ) -> Result<Option<KeyId>, blob::Error> {
        if endorsement.is_empty() {
            return Ok(None);
        }
        let macs = self.0.macs(ENDORSE, &over(part, seq, mac))?;
        let mut trusted = macs.into_iter().filter(|mac| mac.is_trusted);
        Ok(trusted.find(|mac| text(mac.key_id, &mac.tag) == endorsement).map(|mac| mac.key_id))
    }
}

fn text(key: KeyId, tag: &[u8; 32]) -> String {
    format!("{}:{}", hex::encode(key), hex::encode(tag))
}

/// The number has a fixed length and is between the two texts, of which the last is the rest.
fn over(part: &str, seq: i64, mac: &str) -> Vec<u8> {
    let mut bytes = (part.len() as u64).to_be_bytes().to_vec();
    bytes.extend_from_slice(part.as_bytes());
    bytes.extend_from_slice(&seq.to_be_bytes());
    bytes.extend_from_slice(mac.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use blob::KeyConfig;

    use super::*;

    fn ring(secrets: [&str; 2]) -> KeyRing {
        let retired = vec![secrets[1].repeat(32).into()];
        let config =
            KeyConfig { secret: Some(secrets[0].repeat(32).into()), retired, ..KeyConfig::default() };
        KeyRing::open(&config).unwrap()
    }

    #[test]
    fn an_endorsement_is_of_one_mark_and_of_a_trusted_key() {
        let old = Endorser::new(ring(["07", "06"]));
        let made = old.endorse("project", 3, "mac").unwrap();
        let both = ring(["08", "07"]);
        let by = |ring: &KeyRing, mark| Endorser::new(ring.clone()).endorsed_by(mark, &made).unwrap();
        let old_id = both.key_ids()[1];
        assert_eq!(by(&both, ("project", 3, "mac")), Some(old_id));
        for other in [("projects", 3, "mac"), ("project", 4, "mac"), ("project", 3, "mad")] {
            assert_eq!(by(&both, other), None);
        }
        assert_eq!(by(&both.distrusting(vec![old_id]), ("project", 3, "mac")), None);
    }
}
