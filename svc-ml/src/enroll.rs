//! Enrollments of faces and voices: receive, measure on a worker, search duplicates, store by the rules.

use bytes::Bytes;
use face::Embedding;
use futures::{Stream, StreamExt};
use intake::Watch;
use media::Limits;
use proto::ml as wire;
use sandbox::MediaFile;
use scoring::MIN_CLAIM_PROBABILITY;
use tonic::{Status, Streaming};
use voice::{Comparison, PhraseEvidence, Voiceprint};

use crate::{
    calibration::FaceComparison,
    engines::{Engines, Shared},
    error::Error,
    judged::{Judged, Unjudged},
    portrait::{self, Measure},
    recording,
    recordings::Replay,
    replay::{Marks, sha256},
    request::{Asked, asked, check_ids},
    service::Ml,
    stages::Stages,
    template_update::{Biometric, ENOUGH_SPEECH_S, EnrollmentOutcome, Permissions, Weighted},
    templates::{Nearest, Probe, Whose},
};

/// A measured picture.
pub struct SeenFace {
    pub measures: Vec<Measure>,
    pub face: Judged<Weighted<Embedding>>,
    pub stages: Stages,
}

/// A measured recording.
pub struct HeardVoice {
    pub measures: Vec<Measure>,
    pub voice: Judged<Weighted<Voiceprint>>,
    pub spoken: Judged<PhraseEvidence>,
    pub marks: Marks,
    pub stages: Stages,
}

/// The result of an enrollment.
pub struct Enrolled<V> {
    /// `None`: it was refused.
    pub outcome: Option<EnrollmentOutcome>,
    /// Why it was refused.
    pub refusal: Option<Unjudged>,
    pub duplicate: Option<Duplicate>,
    /// The earlier use of the recording.
    pub replay: Option<Replay>,
    pub kept: Vec<Weighted<V>>,
}

/// Another subject of the project with a similar face or voice.
pub struct Duplicate {
    pub subject_id: String,
    pub transaction_id: String,
    /// 0-1.
    pub probability: f64,
}

impl Ml {
    pub(crate) async fn enroll_one_face(
        &self,
        mut parts: Streaming<wire::EnrollRequest>,
    ) -> Result<(SeenFace, Enrolled<Embedding>), Error> {
        let header = header(&mut parts).await?;
        let place = self.workers.admit(&header.project_id)?;
        let file = intake::spool(chunks(parts), self.bounds, self.spool.as_deref()).await?;
        let is_document = header.is_document;
        let work = move |engines: &mut Engines, watch: &Watch| {
            see(engines, &MediaFile::new(file)?, is_document, watch)
        };
        let seen = self.workers.run_job(place, work).await?;
        let may = Permissions { replace: header.replace, strengthen: header.may_strengthen };
        let enrolled = self.enroll_biometric(&header, seen.face.as_ref(), may).await?;
        Ok((seen, enrolled))
    }

    pub(crate) async fn enroll_one_voice(
        &self,
        mut parts: Streaming<wire::EnrollRequest>,
    ) -> Result<(HeardVoice, Enrolled<Voiceprint>), Error> {
        let header = header(&mut parts).await?;
        let place = self.workers.admit(&header.project_id)?;
        let asked = asked(&header.phrase, &header.vocabulary)?;
        let file = intake::spool(chunks(parts), self.bounds, self.spool.as_deref()).await?;
        // A replacement must be enough for a template alone, so that the user always has one.
        let least_speech_s = if header.replace { ENOUGH_SPEECH_S } else { voice::MIN_SPEECH_S };
        let limits = self.limits;
        let takes_marks = header.origin.is_some();
        let work = move |engines: &mut Engines, watch: &Watch| {
            let file = MediaFile::new(file)?;
            let mut heard = hear(&engines.shared, &file, &asked, least_speech_s, &limits, watch)?;
            if takes_marks {
                heard.marks.sha256 = sha256(file)?;
            }
            Ok::<_, Error>(heard)
        };
        let heard = self.workers.run_job(place, work).await?;
        let replay = match &header.origin {
            Some(origin) => self.register(&header.project_id, origin, &heard.marks).await?,
            None => None,
        };
        // A user's own recording again adds nothing; another user's may be stolen.
        let is_taken = replay.as_ref().is_some_and(|replay| !replay.is_same_user);
        if header.refuse_replays && is_taken && heard.voice.is_ok() {
            let description = "this recording was used before for somebody else";
            let refusal = Unjudged::refused("media_replayed", description);
            let refused =
                Enrolled { outcome: None, refusal: Some(refusal), duplicate: None, replay, kept: Vec::new() };
            return Ok((heard, refused));
        }
        // Several recordings make and improve a template; unlike pictures, they are rarely published.
        let may = Permissions { replace: header.replace, strengthen: true };
        let enrolled = self.enroll_biometric(&header, heard.voice.as_ref(), may).await?;
        Ok((heard, Enrolled { replay, ..enrolled }))
    }

    async fn enroll_biometric<V: Searchable>(
        &self,
        header: &wire::EnrollHeader,
        probe: Result<&Weighted<V>, &Unjudged>,
        may: Permissions,
    ) -> Result<Enrolled<V>, Error> {
        let refused = |refusal, duplicate| Enrolled {
            outcome: None,
            refusal: Some(refusal),
            duplicate,
            replay: None,
            kept: Vec::new(),
        };
        let probe = match probe {
            Ok(probe) => probe,
            Err(fault) => return Ok(refused(fault.clone(), None)),
        };
        let duplicate = self.duplicate(header, &probe.vector).await?;
        if header.refuse_duplicates && duplicate.is_some() {
            let description = "this looks like another enrolled user of the project";
            return Ok(refused(Unjudged::refused("duplicate_identity", description), duplicate));
        }
        let whose = Whose {
            project: &header.project_id,
            user: &header.user_fullname,
            transaction: &header.transaction_id,
            now_ms: (self.clock)(),
        };
        let added = self.templates.add(whose, probe, may).await?;
        let refusal = match added.outcome {
            EnrollmentOutcome::AnotherPerson => Unjudged::refused(
                "another_person",
                "this is another person than the one enrolled under this name",
            ),
            EnrollmentOutcome::Locked => Unjudged::refused(
                "template_locked",
                "too many other people were sent under this name; try again in an hour",
            ),
            outcome => {
                let (outcome, kept) = (Some(outcome), added.kept);
                return Ok(Enrolled { outcome, refusal: None, duplicate, replay: None, kept });
            }
        };
        Ok(refused(refusal, duplicate))
    }

    /// Returns the nearest other subject of the project, if it is clearly the same person.
    async fn duplicate<V: Searchable>(
        &self,
        header: &wire::EnrollHeader,
        probe: &V,
    ) -> Result<Option<Duplicate>, Error> {
        let own = self.templates.subject(&header.project_id, &header.user_fullname).await?;
        let nearest = self.templates.nearest(&header.project_id, probe, own.as_deref()).await?;
        Ok(nearest.and_then(|nearest| {
            let (is_match, probability) = V::judged(&nearest.comparison);
            let Nearest { subject_id, transaction_id, .. } = nearest;
            let is_claimed = is_match && probability >= MIN_CLAIM_PROBABILITY;
            is_claimed.then_some(Duplicate { subject_id, transaction_id, probability })
        }))
    }
}

/// A biometric that supports 1:N search.
trait Searchable: Biometric + Probe {
    /// Returns whether a comparison is a match, and the probability of the same person.
    fn judged(comparison: &Self::Comparison) -> (bool, f64);
}

impl Searchable for Embedding {
    fn judged(comparison: &FaceComparison) -> (bool, f64) {
        (comparison.matched, comparison.probability)
    }
}

impl Searchable for Voiceprint {
    fn judged(comparison: &Comparison) -> (bool, f64) {
        (comparison.matched, 1.0 - f64::from(comparison.imposter_prob))
    }
}

fn see(engines: &mut Engines, file: &MediaFile, is_document: bool, watch: &Watch) -> Result<SeenFace, Error> {
    let mut stages = Stages::default();
    let picture = stages.time("decode", || engines.shared.picture(file, watch))?;
    let found = stages.time("face_quality", || engines.face.portraits(&picture))?;
    let (measures, checked) = portrait::check_portrait(&found, is_document);
    let face = match checked {
        Err(fault) => Err(fault),
        Ok(portrait) => {
            let vector = stages.time("face_embedding", || engines.face.embed_aligned(&portrait.crop))?;
            Ok(Weighted { vector, quality: f64::from(portrait.overall).max(0.01), is_live: false })
        }
    };
    Ok(SeenFace { measures, face, stages })
}

fn hear(
    shared: &Shared,
    file: &MediaFile,
    asked: &Asked,
    least_speech_s: f32,
    limits: &Limits,
    watch: &Watch,
) -> Result<HeardVoice, Error> {
    let mut stages = Stages::default();
    let sound = match stages.time("decode", || shared.sound(file, limits, watch)) {
        // A video without sound is a recording without speech.
        Err(Error::Media(media::Error::NoAudio)) => Vec::new(),
        other => other?,
    };
    let activity = stages.time("voice_activity", || shared.voice.activity(&sound))?;
    let mut measures = recording::measures(&sound, &activity, least_speech_s);
    // Without speech, or with unusable sound, there are no words.
    let spoken = stages.time("spoken_phrase", || {
        shared.voice.score_phrase(&sound, &activity, &asked.phrase, asked.vocabulary())
    });
    let spoken = spoken.map_err(Unjudged::from);
    measures.push(recording::phrase(&spoken));
    let voice = match (recording::fault(&measures), &spoken) {
        // The reason why the phrase could not be judged is more precise.
        (Some(fault), Err(why)) if fault.error == "phrase_not_said" => Err(why.clone()),
        (Some(fault), _) => Err(fault),
        (None, _) => {
            let vector = stages.time("speaker", || shared.voiceprint(&sound, &activity));
            let quality = recording::quality(&measures);
            vector.map(|vector| Weighted { vector, quality, is_live: false }).map_err(Unjudged::from)
        }
    };
    let marks = stages.time("recording_fingerprint", || Marks::of_sound(&sound));
    Ok(HeardVoice { measures, voice, spoken, marks, stages })
}

/// Returns the first message.
async fn header(parts: &mut Streaming<wire::EnrollRequest>) -> Result<wire::EnrollHeader, Error> {
    let first = parts.message().await.map_err(intake::Error::from)?;
    let Some(wire::enroll_request::Part::Header(header)) = first.and_then(|message| message.part) else {
        return Err(Error::Invalid("the first message must be the header"));
    };
    check_ids(&header.project_id, &header.user_fullname)?;
    Ok(header)
}

/// Returns the bytes of the messages after it.
fn chunks(parts: Streaming<wire::EnrollRequest>) -> impl Stream<Item = Result<Bytes, Status>> {
    parts.map(|message| match message?.part {
        Some(wire::enroll_request::Part::Chunk(chunk)) => Ok(chunk),
        _ => Err(Status::invalid_argument("only the first message may be a header")),
    })
}
