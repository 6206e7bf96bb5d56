//! How a face is found, followed, known and told from a picture of one.
//!
//! [`Engine`] holds the networks (running one needs `&mut`, so an engine belongs to one worker). [`FaceTracker`] is fed
//! the frames of a video one at a time, keeps what later questions need (boxes, mesh points, a few crops) and never a
//! frame. [`FaceTracks`] then answers: who is it ([`Engine::template`]), is it alive ([`liveness::judge`]), was there
//! exactly one face, large and centred ([`FaceTracks::presence`]).
//!
//! ```text
//! let engine = Engine::load(&runtime)?;                        // ~0.2 s; Send
//! let mut tracker = FaceTracker::new();
//! let decoded = media::decode(file, &Limits::default(), |frame| tracker.feed(&mut engine, frame))?; // E = face::Error
//! let tracks: FaceTracks = tracker.finish();
//! tracks.presence(): Presence {OneFace, NoFace, ManyFaces, TooSmall, NotCentred}
//! tracks.main(): Option<&Track>
//!   track.meshes: Vec<MeshFrame { index, points: Box<[[f32; 3]; 478]>, presence }>  // every 2nd frame, frame pixels
//!   track.jumps: Vec<usize>                                    // frame indices at which following broke
//! engine.template(&track)? -> Option<Embedding>                // mean of the best frames, unit 128-d
//! embedding.cosine(&other) -> f32; Embedding::from_bytes/to_bytes
//! liveness::judge(&mut engine, &tracks)? -> Liveness { live: bool, score: f32, cues: Vec<Cue>, reason: Option<&'static str> }
//! // still pictures
//! let picture = media::Picture::decode(&bytes)?;
//! engine.faces(&picture)? -> Vec<Detection>; engine.embed(&picture, &detection)? -> Embedding
//! engine.enrolment(&picture)? -> Result<(Detection, Embedding), Presence>
//! ```
