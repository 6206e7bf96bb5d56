//! One file that several readers read at different positions.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt,
    sync::Arc,
};

/// A reader with its own position; clones of a `File` would share one, even between processes.
#[derive(Clone, Debug)]
pub struct MediaFile {
    file: Arc<File>,
    length: u64,
    at: u64,
}

impl MediaFile {
    /// # Errors
    /// When the file's length cannot be read.
    pub fn new(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file: Arc::new(file), length, at: 0 })
    }

    /// Its length, or 0 when memory cannot hold so much.
    pub(crate) fn size(&self) -> usize {
        usize::try_from(self.length).unwrap_or_default()
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }
}

impl Read for MediaFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for MediaFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn two_readers_do_not_disturb_each_other() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mut one = MediaFile::new(file).unwrap();
        let (mut two, mut text) = (one.clone(), String::new());
        one.seek(SeekFrom::End(-3)).unwrap();
        two.seek(SeekFrom::Start(5)).unwrap();
        two.seek(SeekFrom::Current(-2)).unwrap();
        one.read_to_string(&mut text).unwrap();
        two.read_to_string(&mut text).unwrap();
        assert_eq!(text, "7893456789");
        assert!(one.seek(SeekFrom::Current(-11)).is_err());
    }
}
