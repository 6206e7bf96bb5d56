//! Text on a page: found, then read.

mod detect;
mod recognise;

use std::sync::{Arc, Mutex, PoisonError};

use models::Runtime;

use crate::{
    Error, Page,
    field::TextLine,
    geometry::Quad,
    network::Network,
    page,
    text::recognise::{Alphabet, Recogniser},
};

pub(crate) use recognise::{Glyph, Recognised};

/// Most lines read on one page: a document has fewer, and a page of a book must not take a minute.
const MOST_LINES: usize = 120;

/// The networks that find and read text.
pub(crate) struct TextReader {
    detector: Network,
    recogniser: Recogniser,
    /// The larger network for doubtful lines, where the pack has it; the engines of a process share it.
    second: Option<Arc<Mutex<Recogniser>>>,
}

/// A line under both readings.
#[derive(Clone, Debug)]
pub(crate) struct ReadLine {
    pub line: TextLine,
    pub mrz: Vec<Glyph>,
}

impl TextReader {
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        let second = second(runtime)?.map(|recogniser| Arc::new(Mutex::new(recogniser)));
        Self::with(runtime, second)
    }

    /// Returns another reader that shares this one's larger network.
    pub fn twin(&self, runtime: &Runtime) -> Result<Self, Error> {
        Self::with(runtime, self.second.clone())
    }

    fn with(runtime: &Runtime, second: Option<Arc<Mutex<Recogniser>>>) -> Result<Self, Error> {
        let dictionary = runtime.pack().bytes("ppocr_dict")?;
        let alphabet = Alphabet::parse(&String::from_utf8_lossy(&dictionary));
        Ok(Self {
            detector: Network::load(runtime, "ppocr_det")?,
            recogniser: Recogniser { network: Network::load(runtime, "ppocr_rec")?, alphabet },
            second,
        })
    }

    /// Reads `quad` with the larger network; `None` when the model pack lacks it.
    pub fn read_again(&self, page: &Page, quad: Quad) -> Result<Option<ReadLine>, Error> {
        let Some(second) = &self.second else { return Ok(None) };
        let mut second = second.lock().unwrap_or_else(PoisonError::into_inner);
        let Recognised { text, confidence, mrz } = second.recognise_line(page, &quad)?;
        Ok(Some(ReadLine { line: TextLine { quad, text, confidence }, mrz }))
    }

    /// Returns the lines of text on the page, or in a part of it that is straightened first.
    pub fn find_lines(&mut self, page: &Page, part: Option<&Quad>) -> Result<Vec<Quad>, Error> {
        // The detector's activations take more memory than all weights.
        let _alone = page::alone();
        detect::detect(&mut self.detector, page, part)
    }

    /// Reads the text line by line; only the largest lines when there are too many.
    pub fn read_lines(&mut self, page: &Page, mut quads: Vec<Quad>) -> Result<Vec<ReadLine>, Error> {
        if quads.len() > MOST_LINES {
            quads.sort_by(|a, b| b.area().total_cmp(&a.area()));
            quads.truncate(MOST_LINES);
            quads.sort_by(|a, b| a.centre()[1].total_cmp(&b.centre()[1]));
        }
        quads.into_iter().map(|quad| self.read_line(page, quad)).collect()
    }

    pub fn read_line(&mut self, page: &Page, quad: Quad) -> Result<ReadLine, Error> {
        let Recognised { text, confidence, mrz } = self.recogniser.recognise_line(page, &quad)?;
        Ok(ReadLine { line: TextLine { quad, text, confidence }, mrz })
    }
}

/// The larger recogniser; its alphabet is part of its file.
fn second(runtime: &Runtime) -> Result<Option<Recogniser>, Error> {
    const NAME: &str = "ppocr_rec_small";
    if !runtime.pack().has(NAME) {
        return Ok(None);
    }
    let network = Network::load(runtime, NAME)?;
    let alphabet = Alphabet::of_network(&network);
    Ok(alphabet.map(|alphabet| Recogniser { network, alphabet }))
}
