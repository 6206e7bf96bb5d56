//! The evaluators of each kind: the code that serves it.

use std::path::Path;

use anyhow::Context;
use svc_ml::{
    Calibrated,
    judge::{Judge, Opinion, Question},
};

use super::{
    Kind,
    manifest::{self, Item},
};

/// A result, or why there is none: a stable word.
pub type Judged = Result<Verdict, String>;

/// The result of one item.
pub struct Verdict {
    pub opinion: Opinion,
    /// The verdict of the rules, if rules decide.
    pub verdict: Option<&'static str>,
}

/// The models and rules of one kind.
pub enum Judges {
    Media(Box<Judge>, Calibrated),
    Documents(Box<svc_docauth::judge::Judge>),
    Prints,
}

impl Judges {
    /// Loads the dependencies of `kind` for `threads` files at a time.
    ///
    /// # Errors
    /// When the model pack cannot be used.
    pub fn load(kind: Kind, models: Option<&Path>, threads: usize) -> anyhow::Result<Self> {
        Ok(match kind.calibrated() {
            Some(calibrated) => Self::Media(Box::new(Judge::load(models, threads)?), calibrated),
            None if kind == Kind::Document => {
                Self::Documents(Box::new(svc_docauth::judge::Judge::load(models, threads)?))
            }
            None => Self::Prints,
        })
    }

    /// Returns the checksum of the models: scores of other models are not comparable.
    pub fn models(&self) -> String {
        match self {
            Self::Media(judge, kind) => judge.models(*kind),
            Self::Documents(judge) => judge.models(),
            Self::Prints => "mindtct, bozorth3".to_owned(),
        }
    }

    /// # Errors
    /// When a file cannot be opened or the judge fails.
    pub async fn judge(&self, kind: Kind, item: &Item) -> anyhow::Result<Judged> {
        match self {
            Self::Media(judge, _) => media(judge, &item.probe, manifest::question(kind, item)?).await,
            Self::Documents(judge) => document(judge, &item.probe).await,
            Self::Prints => {
                let reference = item.reference.clone().context("a reference is needed")?;
                let probe = item.probe.clone();
                tokio::task::spawn_blocking(move || prints(&probe, &reference)).await?
            }
        }
    }
}

async fn media(judge: &Judge, probe: &Path, question: Question) -> anyhow::Result<Judged> {
    Ok(judge.judge(probe, question).await?.map(|opinion| Verdict { opinion, verdict: None }))
}

/// Score and verdict are those of the built-in rules; only a pass is accepted, and a picture that cannot be judged is
/// not part of the rates.
async fn document(judge: &svc_docauth::judge::Judge, picture: &Path) -> anyhow::Result<Judged> {
    let today = boot::timestamp::date(boot::now_ms());
    let Some(checked) = judge.check_document(picture, today).await? else {
        return Ok(Err("unreadable".to_owned()));
    };
    if !checked.cannot_judge.is_empty() {
        return Ok(Err("picture_cannot_be_judged".to_owned()));
    }
    let decision = gateway::decide_document_alone(&checked);
    let verdict = decision.verdict.as_str();
    let opinion = Opinion { score: decision.score, accepted: verdict == "pass", words: None };
    Ok(Ok(Verdict { opinion, verdict: Some(verdict) }))
}

fn prints(probe: &Path, reference: &Path) -> anyhow::Result<Judged> {
    let (probe, reference) = match (print(probe)?, print(reference)?) {
        (Ok(probe), Ok(reference)) => (probe, reference),
        (Err(why), _) | (_, Err(why)) => return Ok(Err(why)),
    };
    let compared = probe.compare(&reference)?;
    let opinion = Opinion { score: compared.score.into(), accepted: compared.matched, words: None };
    Ok(Ok(Verdict { opinion, verdict: None }))
}

fn print(file: &Path) -> anyhow::Result<Result<fingerprint::Print, String>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    match fingerprint::Print::decode_picture(&bytes) {
        Ok(print) => Ok(Ok(print)),
        Err(fingerprint::Error::CannotJudge(reason)) => Ok(Err(reason.code().to_owned())),
        Err(fingerprint::Error::Media(_)) => Ok(Err("unreadable".to_owned())),
        Err(error) => Err(error.into()),
    }
}
