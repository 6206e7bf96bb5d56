//! Tag, length and value (TLV) of the chip's files. Tags have one or two bytes, lengths up to four.

/// A value with its tag, and the remaining bytes.
pub(crate) struct Tlv<'a> {
    pub tag: u16,
    pub value: &'a [u8],
    pub rest: &'a [u8],
}

/// Reads the first value of `bytes`.
pub(crate) fn read_tlv(bytes: &[u8]) -> Option<Tlv<'_>> {
    let (first, bytes) = bytes.split_first()?;
    let (tag, bytes) = if first & 0x1f == 0x1f {
        let (second, bytes) = bytes.split_first()?;
        (u16::from_be_bytes([*first, *second]), bytes)
    } else {
        (u16::from(*first), bytes)
    };
    let (length, bytes) = bytes.split_first()?;
    let (length, bytes) = if *length < 0x80 {
        (usize::from(*length), bytes)
    } else {
        let count = usize::from(length & 0x7f);
        let (digits, bytes) = bytes.split_at_checked(count).filter(|_| (1..=4).contains(&count))?;
        (digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit)), bytes)
    };
    let (value, rest) = bytes.split_at_checked(length)?;
    Some(Tlv { tag, value, rest })
}

/// Returns the value of the first `tag` in `bytes`, a sequence of values.
pub(crate) fn find_value(mut bytes: &[u8], tag: u16) -> Option<&[u8]> {
    while let Some(found) = read_tlv(bytes) {
        if found.tag == tag {
            return Some(found.value);
        }
        bytes = found.rest;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_and_lengths_of_both_sizes_are_read() {
        let bytes = [0x5f, 0x1f, 0x82, 0x00, 0x02, b'a', b'b', 0x30, 0x00];
        let first = read_tlv(&bytes).unwrap();
        assert_eq!((first.tag, first.value, first.rest), (0x5f1f, &b"ab"[..], &[0x30, 0x00][..]));
        assert_eq!(find_value(&bytes, 0x30), Some(&[][..]));
        assert!(read_tlv(&[0x30, 0x05, 0x00]).is_none(), "longer than there are bytes");
    }

    proptest! {
        #[test]
        fn any_bytes_cause_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = find_value(&bytes, 0x30);
        }
    }
}
