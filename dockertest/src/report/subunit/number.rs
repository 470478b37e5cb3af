//! Numbers of one to four bytes: the two upper bits of the first byte say how many follow.

/// Appends a number in its shortest form; false when it is too great for any.
pub(super) fn push(value: usize, out: &mut Vec<u8>) -> bool {
    let Ok(value) = u32::try_from(value) else { return false };
    match value {
        0..0x40 => out.extend(&value.to_be_bytes()[3..]),
        0x40..0x4000 => out.extend(&(value | 0x4000).to_be_bytes()[2..]),
        0x4000..0x40_0000 => out.extend(&(value | 0x80_0000).to_be_bytes()[1..]),
        0x40_0000..0x4000_0000 => out.extend(&(value | 0xc000_0000).to_be_bytes()),
        _ => return false,
    }
    true
}

/// How many bytes the number takes that begins with this byte.
pub(super) const fn size(first: u8) -> usize {
    (first >> 6) as usize + 1
}

/// The number that these bytes begin with and the bytes after it; nothing when bytes are missing.
pub(super) fn split(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_at_checked(size(*bytes.first()?))?;
    let value = number.iter().fold(0_usize, |value, byte| value << 8 | usize::from(*byte));
    let payload_bits = number.len() * 8 - 2;
    Some((value & ((1 << payload_bits) - 1), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GREATEST: usize = 0x3fff_ffff;

    #[test]
    fn numbers_take_the_shortest_form_and_are_read_back() {
        let sizes = [(0, 1), (63, 1), (64, 2), (16_383, 2), (16_384, 3), (4_194_303, 3), (4_194_304, 4), (GREATEST, 4)];
        for (value, bytes) in sizes {
            let mut out = Vec::new();
            assert!(push(value, &mut out));
            assert_eq!(out.len(), bytes, "{value}");
            assert_eq!(size(out[0]), bytes, "{value}");
            out.push(7);
            assert_eq!(split(&out), Some((value, &[7][..])), "{value}");
            assert_eq!(split(&out[..bytes - 1]), None, "{value}");
        }
        assert!(!push(GREATEST + 1, &mut Vec::new()));
    }
}
