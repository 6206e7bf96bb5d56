//! What a packet of H.264 is, without decoding it (ITU-T H.264, 7.3.1 and 7.4.1).

/// Bytes of the length before each unit in MP4 and Matroska as every known writer has it.
const LENGTH_BYTES: usize = 4;

/// Types of units.
const SLICE: u8 = 1;
const MESSAGE: u8 = 6;
const DELIMITER: u8 = 9;

/// Whether no other frame is made of the one in `packet`, units with their lengths before them: all its slices say so. `false`
/// where that cannot be seen, as in MPEG transport streams, which have marks between units instead.
pub(crate) fn is_disposable(packet: &[u8]) -> bool {
    let (mut rest, mut slices) = (packet, 0);
    while !rest.is_empty() {
        let Some((length, units)) = rest.split_first_chunk::<LENGTH_BYTES>() else { return false };
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((unit, following)) = units.split_at_checked(length) else { return false };
        let Some(head) = unit.first() else { return false };
        let (is_reference, kind) = (head >> 5 & 3 > 0, head & 31);
        match kind {
            SLICE if !is_reference => slices += 1,
            MESSAGE | DELIMITER => {}
            _ => return false,
        }
        rest = following;
    }
    slices > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(heads: &[u8]) -> Vec<u8> {
        heads.iter().flat_map(|head| [0, 0, 0, 3, *head, 7, 7]).collect()
    }

    #[test]
    fn a_frame_is_disposable_when_each_of_its_slices_is() {
        assert!(is_disposable(&packet(&[0x01])) && is_disposable(&packet(&[0x09, 0x06, 0x01, 0x01])));
        for heads in [&[0x41][..], &[0x01, 0x41], &[0x65], &[0x67, 0x01], &[0x06], &[]] {
            assert!(!is_disposable(&packet(heads)), "{heads:?}");
        }
        // Marks between units instead of lengths.
        assert!(!is_disposable(&[0, 0, 0, 1, 0x09, 0xf0, 0, 0, 0, 1, 0x01, 7, 7]));
        let mut cut = packet(&[0x01]);
        cut.pop();
        assert!(!is_disposable(&cut));
    }

    proptest! {
        #[test]
        fn any_packet_causes_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = is_disposable(&bytes);
        }
    }
}
