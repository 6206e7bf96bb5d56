//! Searches traces of a subject in all files below a folder: databases, their journals, blobs. A trace is the name in
//! clear text, or a keyed hash of the subject.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

/// Bytes per read.
const CHUNK: usize = 1 << 20;

/// The searched files, and the places of traces.
#[derive(Debug, Default, PartialEq)]
pub struct Scanned {
    pub files: u64,
    pub bytes: u64,
    pub found: Vec<PathBuf>,
}

/// Searches `name` and `hashes` in contents and names of all files below `dir`.
///
/// # Errors
/// When a file cannot be read. A file deleted meanwhile is skipped.
pub fn scan(dir: &Path, name: &str, hashes: &[Vec<u8>]) -> io::Result<Scanned> {
    let mut forms = forms(name);
    forms.extend_from_slice(hashes);
    let mut scanned = Scanned::default();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                match look(&path, &forms, &mut scanned) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    done => done?,
                }
            }
        }
    }
    scanned.found.sort();
    Ok(scanned)
}

/// Returns the encodings of a name: plain, as JSON escapes it, and as UTF-16.
fn forms(name: &str) -> Vec<Vec<u8>> {
    let json = serde_json::Value::from(name).to_string();
    let mut forms = vec![
        name.as_bytes().to_vec(),
        json.trim_matches('"').as_bytes().to_vec(),
        name.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    ];
    forms.sort();
    forms.dedup();
    forms.retain(|form| !form.is_empty());
    forms
}

fn look(path: &Path, forms: &[Vec<u8>], scanned: &mut Scanned) -> io::Result<()> {
    let mut file = File::open(path)?;
    let named = path.file_name().map(|name| name.as_encoded_bytes().to_vec()).unwrap_or_default();
    let mut found = forms.iter().any(|form| contains(&named, form));
    // A name may span two reads: the end of the previous one is searched again.
    let overlap = forms.iter().map(Vec::len).max().unwrap_or(1) - 1;
    let mut window = Vec::with_capacity(CHUNK + overlap);
    scanned.files += 1;
    loop {
        let kept = window.len().min(overlap);
        window.drain(..window.len() - kept);
        let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
        if read == 0 {
            break;
        }
        scanned.bytes += read as u64;
        found = found || forms.iter().any(|form| contains(&window, form));
    }
    if found {
        scanned.found.push(path.to_owned());
    }
    Ok(())
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else { return false };
    let mut at = haystack;
    while let Some(start) = at.iter().position(|byte| byte == first) {
        at = &at[start + 1..];
        if at.starts_with(rest) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: [u8; 32] = [7; 32];

    fn found_in(contents: &[u8]) -> bool {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("below")).unwrap();
        fs::write(dir.path().join("below").join("x.db"), contents).unwrap();
        fs::write(dir.path().join("other"), b"nothing").unwrap();
        let scanned = scan(dir.path(), "Zoë \"Z\" Ada", &[HASH.to_vec()]).unwrap();
        assert_eq!(scanned.files, 2);
        scanned.found == [dir.path().join("below").join("x.db")]
    }

    #[test]
    fn a_name_is_found_however_it_is_written_and_wherever_it_lies() {
        assert!(found_in("..Zoë \"Z\" Ada..".as_bytes()));
        assert!(found_in(r#"{"user":"Zoë \"Z\" Ada"}"#.as_bytes()));
        let wide: Vec<u8> = "Zoë \"Z\" Ada".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(found_in(&wide));
        assert!(found_in(&[b"..".as_slice(), &HASH, b".."].concat()), "a keyed hash");
        for before in [CHUNK - 1, CHUNK - 5, CHUNK, 2 * CHUNK - 3] {
            let mut contents = vec![b'Z'; before];
            contents.extend_from_slice("Zoë \"Z\" Ada".as_bytes());
            contents.extend_from_slice(&[0; 100]);
            assert!(found_in(&contents), "{before}");
        }
    }

    #[test]
    fn absent_names_are_not_found() {
        assert!(!found_in("Zoë \"Z\" Ad".as_bytes()));
        assert!(!found_in(b""));
        assert!(!found_in(&HASH[1..]));
        assert_eq!(scan(tempfile::tempdir().unwrap().path(), "ada", &[]).unwrap(), Scanned::default());
    }
}
