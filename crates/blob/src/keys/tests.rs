use super::*;
use std::os::unix::fs::PermissionsExt;

pub const A: Purpose = Purpose("a");
pub const B: Purpose = Purpose("b");

pub fn ring(keys: &[[u8; 32]]) -> KeyRing {
    KeyRing::from_secrets(keys.iter().map(|k| Ok(Zeroizing::new(*k)))).unwrap()
}

fn file_config(dir: &tempfile::TempDir) -> KeyConfig {
    KeyConfig::embedded(&dir.path().join("new"))
}

#[test]
fn the_first_start_makes_a_private_key_file_and_later_starts_read_it() {
    let dir = tempfile::tempdir().unwrap();
    let config = file_config(&dir);
    let sealed = KeyRing::open(&config).unwrap().seal(A, b"", b"x").unwrap();
    let mode = fs::metadata(&config.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(config.file.parent().unwrap()).unwrap().count(), 1, "no draft is left");
    assert_eq!(&*KeyRing::open(&config).unwrap().open_sealed(A, b"", &sealed).unwrap(), b"x");
}

#[test]
fn processes_that_start_together_agree_on_one_key() {
    let dir = tempfile::tempdir().unwrap();
    let config = file_config(&dir);
    let threads: Vec<_> = (0..8)
        .map(|_| {
            std::thread::spawn({
                let config = config.clone();
                move || KeyRing::open(&config).unwrap().active().id
            })
        })
        .collect();
    let ids: std::collections::HashSet<_> = threads.into_iter().map(|t| t.join().unwrap()).collect();
    assert_eq!(ids.len(), 1);
}

#[test]
fn hex_and_base64_are_the_same_key_and_other_lengths_are_none() {
    let key = [7; 32];
    assert_eq!(*parse(&hex::encode(key)).unwrap(), key);
    assert_eq!(*parse(&format!("{}\n", BASE64_STANDARD.encode(key))).unwrap(), key);
    for bad in ["", "00", &hex::encode([7; 31]), &hex::encode([7; 33]), "not a key"] {
        assert!(matches!(parse(bad), Err(Error::BadKey)), "{bad}");
    }
}

#[test]
fn a_retired_key_opens_and_no_longer_seals() {
    let old = ring(&[[1; 32]]);
    let wrapped = old.wrap_key(b"subject", &DataKey::generate().unwrap()).unwrap();
    let rotated = ring(&[[2; 32], [1; 32]]);
    rotated.unwrap_key(b"subject", &wrapped).unwrap();
    let anew = rotated.seal(A, b"", b"x").unwrap();
    assert!(matches!(old.open_sealed(A, b"", &anew), Err(Error::UnknownKey)));
    assert!(matches!(ring(&[[2; 32]]).unwrap_key(b"subject", &wrapped), Err(Error::UnknownKey)));
    let (before, after) = (old.fingerprints(A, b"name").unwrap(), rotated.fingerprints(A, b"name").unwrap());
    assert_eq!(before[0], after[1]);
}

#[test]
fn purposes_and_contexts_do_not_mix() {
    let ring = ring(&[[1; 32]]);
    let sealed = ring.seal(A, b"one", b"x").unwrap();
    assert!(matches!(ring.open_sealed(B, b"one", &sealed), Err(Error::Refused)));
    assert!(matches!(ring.open_sealed(A, b"two", &sealed), Err(Error::Refused)));
    assert!(matches!(ring.open_sealed(A, b"one", &[]), Err(Error::Refused)));
    assert_ne!(ring.fingerprints(A, b"x").unwrap(), ring.fingerprints(B, b"x").unwrap());
}

#[test]
fn a_wrapped_key_opens_what_it_sealed() {
    let ring = ring(&[[1; 32]]);
    let key = DataKey::generate().unwrap();
    let sealed = key.seal(b"c", b"template").unwrap();
    let again = ring.unwrap_key(b"s", &ring.wrap_key(b"s", &key).unwrap()).unwrap();
    assert_eq!(&*again.open(b"c", &sealed).unwrap(), b"template");
}

#[test]
fn data_under_a_distrusted_key_have_their_own_error() {
    let old = ring(&[[1; 32]]);
    let sealed = old.seal(A, b"row", b"x").unwrap();
    let both = ring(&[[2; 32], [1; 32]]);
    let again = both.reseal(A, b"row", &sealed).unwrap().unwrap();
    assert!(both.reseal(A, b"row", &again).unwrap().is_none(), "it is under the sealing key");
    let old_id = old.key_ids()[0];
    let distrusting = both.distrusting(vec![old_id]);
    assert!(matches!(distrusting.open_sealed(A, b"row", &sealed), Err(Error::DistrustedKey)));
    assert!(matches!(distrusting.reseal(A, b"row", &sealed), Err(Error::DistrustedKey)));
    assert_eq!(&*distrusting.open_sealed(A, b"row", &again).unwrap(), b"x");
    let trusted: Vec<_> = distrusting.macs(A, b"x").unwrap().iter().map(|mac| mac.is_trusted).collect();
    assert_eq!(trusted, [true, false]);
    let elsewhere = ring(&[[2; 32]]).distrusting(vec![old_id]);
    assert!(matches!(elsewhere.open_sealed(A, b"row", &sealed), Err(Error::DistrustedKey)));
}
