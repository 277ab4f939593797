//! Tests of the blocking frame parser: any bytes, in pieces of any size, are a message or an error.

use std::io::Cursor;

use proptest::{collection::vec, prelude::*};
use serde_json::Value;

use super::*;

/// Returns its bytes in pieces, and records the largest read that was requested.
struct Pieces {
    bytes: Cursor<Vec<u8>>,
    piece: usize,
    longest: usize,
}

impl Pieces {
    fn new(bytes: Vec<u8>, piece: usize) -> Self {
        Self { bytes: Cursor::new(bytes), piece, longest: 0 }
    }
}

impl Read for Pieces {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.longest = self.longest.max(into.len());
        let len = into.len().min(self.piece);
        self.bytes.read(&mut into[..len])
    }
}

proptest! {
    #[test]
    fn any_bytes_are_frames_or_an_error(bytes in vec(any::<u8>(), 0..64), piece in 1usize..8) {
        let mut from = Pieces::new(bytes, piece);
        while let Ok(Some(_)) = read_frame::<Value>(&mut from) {}
        prop_assert!(from.longest <= MAX_FRAME);
    }

    #[test]
    fn any_body_is_a_message_or_an_error(
        body in vec(any::<u8>(), 0..64),
        announced in prop_oneof![0u32..80, any::<u32>()],
        piece in 1usize..8,
    ) {
        let bytes = [&[VERSION][..], &announced.to_le_bytes(), &body].concat();
        let mut from = Pieces::new(bytes, piece);
        let read = read_frame::<Value>(&mut from);
        prop_assert!(from.longest <= MAX_FRAME);
        if announced as usize > body.len() {
            prop_assert!(read.is_err());
        }
    }

    #[test]
    fn any_header_is_a_length_within_the_cap_or_an_error(header in any::<[u8; HEADER_LEN]>()) {
        if let Ok(len) = decode_header(header) {
            prop_assert!(len <= MAX_FRAME);
            prop_assert_eq!(header[0], VERSION);
        }
    }

    #[test]
    fn a_written_frame_is_read_back_and_a_truncated_one_is_not(texts in vec(".*", 0..8), piece in 1usize..64, cut in any::<prop::sample::Index>()) {
        let mut bytes = Vec::new();
        write_frame(&mut bytes, &texts).unwrap();
        let mut from = Pieces::new(bytes.clone(), piece);
        prop_assert_eq!(read_frame::<Vec<String>>(&mut from).unwrap(), Some(texts));
        prop_assert!(read_frame::<Value>(&mut from).unwrap().is_none());
        let cut = cut.index(bytes.len());
        let read = read_frame::<Value>(&mut Pieces::new(bytes[..cut].to_vec(), piece));
        let expected = if cut == 0 { matches!(read, Ok(None)) } else { matches!(read, Err(FrameError::Io(_))) };
        prop_assert!(expected, "{:?}", read);
    }
}
