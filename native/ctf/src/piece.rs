//! Short pieces of text. A copy of a length that is known beforehand is a few instructions, one of any other length a
//! call: more is copied than is wanted, and the rest cut off.

/// Appends the first `length` of the bytes.
#[inline(always)]
pub(crate) fn push_first<const N: usize>(out: &mut Vec<u8>, bytes: &[u8; N], length: usize) {
    let end = out.len() + length;
    out.extend_from_slice(bytes);
    out.truncate(end);
}

/// Text that is appended again and again.
#[derive(Debug)]
pub(crate) struct Piece {
    /// The text, where it is not longer, and zeros.
    short: [u8; SHORT],
    length: usize,
    long: Box<[u8]>,
}

const SHORT: usize = 32;

impl Piece {
    pub(crate) fn new(text: &[u8]) -> Piece {
        let mut short = [0; SHORT];
        if let Some(room) = short.get_mut(..text.len()) {
            room.copy_from_slice(text);
        }
        Piece { short, length: text.len(), long: text.into() }
    }

    /// Appends the text.
    #[inline(always)]
    pub(crate) fn push(&self, out: &mut Vec<u8>) {
        if self.length <= SHORT {
            push_first(out, &self.short, self.length);
        } else {
            out.extend_from_slice(&self.long);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Piece;

    #[test]
    fn pieces_of_all_lengths_are_whole() {
        for length in 0..80 {
            let text: Vec<u8> = (0..length).map(|n| b'a' + n % 26).collect();
            let mut out = b"before".to_vec();
            Piece::new(&text).push(&mut out);
            assert_eq!(out, [b"before", &text[..]].concat());
        }
    }
}
