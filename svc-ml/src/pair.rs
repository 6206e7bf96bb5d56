//! Receives the two files of a comparison from one stream.

use std::fs::File;

use bytes::Bytes;
use futures::{Stream, TryStreamExt, pin_mut};
use intake::Spool;
use tonic::Status;

use crate::{error::Error, service::Ml};

/// A part of one of the files.
pub enum Side {
    First(Bytes),
    Second(Bytes),
}

impl Ml {
    /// Receives the first file, then the second, within the limits of size and time.
    ///
    /// # Errors
    /// [`Error::Invalid`] with `wrong_order` when a part of the first file follows one of the second.
    pub(crate) async fn receive_pair(
        &self,
        sides: impl Stream<Item = Result<Side, Status>>,
        wrong_order: &'static str,
    ) -> Result<(File, File), Error> {
        pin_mut!(sides);
        let receiving = async {
            let mut first = Spool::new(self.bounds.bytes, self.spool.as_deref())?;
            let mut second = Spool::new(self.bounds.bytes, self.spool.as_deref())?;
            let mut is_second = false;
            while let Some(side) = sides.try_next().await.map_err(intake::Error::from)? {
                match side {
                    Side::First(_) if is_second => return Err(Error::Invalid(wrong_order)),
                    Side::First(chunk) => first.write(&chunk).await?,
                    Side::Second(chunk) => {
                        is_second = true;
                        second.write(&chunk).await?;
                    }
                }
            }
            Ok((first.finish().await?, second.finish().await?))
        };
        tokio::time::timeout(self.bounds.time, receiving).await.map_err(|_| intake::Error::SlowUpload)?
    }
}
