//! Validates requests before any work.

use media::Limits;
use proto::{Word, ml as wire};
use scoring::{Needs, Service};
use voice::Phrase;

use crate::{error::Error, pipeline::Task, services::Wanted};

/// Longest name and longest phrase, bytes.
pub const MAX_TEXT: usize = 256;
const DIGITS: &str = "en_digits";

pub fn task(header: &wire::AnalyzeVideoHeader, limits: Limits) -> Result<Task, Error> {
    check_ids(&header.project_id, "-")?;
    if header.user_fullname.len() > MAX_TEXT {
        return Err(Error::Invalid("user_fullname is longer than 256 bytes"));
    }
    let Asked { phrase, is_digits } = asked(&header.phrase, &header.vocabulary)?;
    let takes_marks = header.origin.is_some();
    Ok(Task { wanted: wanted(header)?, phrase, is_digits, limits, takes_marks })
}

/// The expected phrase.
pub struct Asked {
    pub phrase: Phrase,
    /// Whether it consists of spoken digits, and is checked against other digits.
    pub is_digits: bool,
}

impl Asked {
    pub fn vocabulary(&self) -> &'static [&'static str] {
        if self.is_digits { &voice::DIGITS } else { &[] }
    }
}

pub fn asked(phrase: &str, vocabulary: &str) -> Result<Asked, Error> {
    if phrase.len() > MAX_TEXT {
        return Err(Error::Invalid("the phrase is longer than 256 bytes"));
    }
    let phrase = Phrase::parse(phrase);
    let is_digits = match vocabulary {
        DIGITS => true,
        "" => phrase.is_digits(),
        _ => return Err(Error::Invalid("the vocabulary is unknown: use en_digits or leave it out")),
    };
    Ok(Asked { phrase, is_digits })
}

fn wanted(header: &wire::AnalyzeVideoHeader) -> Result<Wanted, Error> {
    let mut services = Vec::with_capacity(header.services.len());
    for service in header.services() {
        let known = Service::from_field(service.as_word());
        let is_asked_for =
            |service: &Service| service.needs() != Needs::Nothing && service.selected_by() == *service;
        services.push(known.filter(is_asked_for).ok_or(Error::Invalid("a service is unknown"))?);
    }
    if services.is_empty() {
        return Err(Error::Invalid("no service is asked for"));
    }
    Ok(services.into_iter().collect())
}

pub fn check_ids(project: &str, user: &str) -> Result<(), Error> {
    if project.is_empty() || project.len() > MAX_TEXT {
        return Err(Error::Invalid("project_id is missing or too long"));
    }
    if user.is_empty() || user.len() > MAX_TEXT {
        return Err(Error::Invalid("user_fullname is missing or longer than 256 bytes"));
    }
    Ok(())
}
