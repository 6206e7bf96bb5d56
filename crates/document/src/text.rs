//! Text on a page: found, then read.

mod detect;
mod recognise;

use models::Runtime;

use crate::{
    Error, Page,
    field::TextLine,
    geometry::Quad,
    network::Network,
    text::recognise::{Alphabet, Recogniser},
};

pub(crate) use recognise::{Glyph, Recognised};

/// Most lines read on one page: a document has fewer, and a page of a book shall not cost a minute.
const MOST_LINES: usize = 120;

/// The networks that find and read text.
pub(crate) struct TextReader {
    detector: Network,
    recogniser: Recogniser,
    /// The larger network for doubtful lines, where the pack has it.
    second: Option<Recogniser>,
}

/// A line under both readings.
#[derive(Clone, Debug)]
pub(crate) struct ReadLine {
    pub line: TextLine,
    pub mrz: Vec<Glyph>,
}

impl TextReader {
    pub fn load(runtime: &Runtime) -> Result<Self, Error> {
        let dictionary = runtime.pack().bytes("ppocr_dict")?;
        let alphabet = Alphabet::parse(&String::from_utf8_lossy(&dictionary));
        Ok(Self {
            detector: Network::load(runtime, "ppocr_det")?,
            recogniser: Recogniser { network: Network::load(runtime, "ppocr_rec")?, alphabet },
            second: second(runtime)?,
        })
    }

    /// What the larger network reads in `quad`; none where the pack lacks it.
    pub fn read_again(&mut self, page: &Page, quad: Quad) -> Result<Option<ReadLine>, Error> {
        let Some(second) = &mut self.second else { return Ok(None) };
        let Recognised { text, confidence, mrz } = second.read(page, &quad)?;
        Ok(Some(ReadLine { line: TextLine { quad, text, confidence }, mrz }))
    }

    /// Where text is.
    pub fn find(&mut self, page: &Page) -> Result<Vec<Quad>, Error> {
        detect::detect(&mut self.detector, &page.rgb)
    }

    /// What it says, line by line; the largest lines when there are too many.
    pub fn read(&mut self, page: &Page, mut quads: Vec<Quad>) -> Result<Vec<ReadLine>, Error> {
        if quads.len() > MOST_LINES {
            quads.sort_by(|a, b| b.area().total_cmp(&a.area()));
            quads.truncate(MOST_LINES);
            quads.sort_by(|a, b| a.centre()[1].total_cmp(&b.centre()[1]));
        }
        quads.into_iter().map(|quad| self.read_line(page, quad)).collect()
    }

    pub fn read_line(&mut self, page: &Page, quad: Quad) -> Result<ReadLine, Error> {
        let Recognised { text, confidence, mrz } = self.recogniser.read(page, &quad)?;
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
