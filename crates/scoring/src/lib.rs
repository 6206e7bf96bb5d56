//! The decision: what the services found + rules -> verdict, score, reasons. Pure, no IO; used live and for replays.
