//! How a stored object holds its bytes: as they are, or compressed where that makes them clearly fewer. An object is named by the
//! hash of the bytes that it stands for, so that both forms are one object.

use std::{fs::File, io, os::unix::fs::FileExt};

use bytes::Bytes;
use lz4_flex::block;
use sandcastle::ContentHash;
use sandcastle_protocol::Extent;

use super::CHUNK_BYTES;

/// The first byte of an object: the rest are the bytes themselves.
const PLAIN: u8 = 0;
/// The first byte of an object: the rest is an LZ4 block.
const LZ4: u8 = 1;
/// Bytes that are tried first.
const SAMPLE: usize = 64 * 1024;

/// The longest object, in bytes.
pub(super) const MOST: u64 = CHUNK_BYTES + 1;

/// The bytes of an object that may have to be stored.
pub(super) struct Plain {
    /// What names the object.
    pub(super) hash: ContentHash,
    /// The object, not compressed.
    body: Vec<u8>,
}

impl Plain {
    /// Reads these parts of a file.
    pub(super) fn read(file: &File, parts: &[Extent]) -> io::Result<Self> {
        let len: u64 = parts.iter().map(|part| part.len).sum();
        let mut body = vec![PLAIN; usize::try_from(len).map_err(io::Error::other)? + 1];
        let mut rest = body.get_mut(1..).unwrap_or_default();
        for part in parts {
            let (piece, after) =
                std::mem::take(&mut rest).split_at_mut(usize::try_from(part.len).map_err(io::Error::other)?);
            file.read_exact_at(piece, part.at)?;
            rest = after;
        }
        Ok(Self { hash: ContentHash::of(body.get(1..).unwrap_or_default()), body })
    }

    /// The object, compressed where that pays.
    pub(super) fn pack(self) -> Bytes {
        let plain = self.body.get(1..).unwrap_or_default();
        let pays = |plain: &[u8], packed: usize| packed < plain.len() / 5 * 4;
        let sample = plain.get(..SAMPLE).unwrap_or(plain);
        if !pays(sample, block::compress(sample).len()) {
            return self.body.into();
        }
        let mut packed = vec![LZ4; block::get_maximum_output_size(plain.len()) + 1];
        match block::compress_into(plain, packed.get_mut(1..).unwrap_or_default()) {
            Ok(len) if pays(plain, len) => {
                packed.truncate(len + 1);
                packed.into()
            }
            _ => self.body.into(),
        }
    }
}

/// The bytes that an object stands for; `None` if they have another hash.
pub(super) fn unpack(body: &Bytes, hash: ContentHash) -> Option<Bytes> {
    let plain = match *body.first()? {
        PLAIN => body.slice(1..),
        LZ4 => {
            let mut plain = vec![0; usize::try_from(CHUNK_BYTES).ok()?];
            let len = block::decompress_into(body.get(1..)?, &mut plain).ok()?;
            plain.truncate(len);
            plain.into()
        }
        _ => return None,
    };
    (ContentHash::of(&plain) == hash).then_some(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(bytes: &[u8]) -> (ContentHash, Bytes) {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let (half, len) = (bytes.len() as u64 / 2, bytes.len() as u64);
        let plain = Plain::read(&file, &[Extent { at: 0, len: half }, Extent { at: half, len: len - half }]).unwrap();
        (plain.hash, plain.pack())
    }

    #[test]
    fn both_forms_give_the_bytes_back_and_compression_is_used_where_it_pays() {
        let text = b"a line of text that repeats\n".repeat(10_000);
        let noise: Vec<u8> = (0..100_000_u32).map(|n| blake3::hash(&n.to_le_bytes()).as_bytes()[0]).collect();
        for (bytes, compressed) in [(text.as_slice(), true), (&noise, false), (b"", false), (b"x", false)] {
            let (hash, body) = packed(bytes);
            assert_eq!((hash, body.len() < bytes.len() / 2), (ContentHash::of(bytes), compressed));
            assert_eq!(unpack(&body, hash).unwrap(), bytes);
        }
    }

    #[test]
    fn what_is_not_those_bytes_is_refused() {
        let (hash, body) = packed(&b"some text ".repeat(1_000));
        let longer = block::compress(&vec![0; 2 * 4 * 1024 * 1024]);
        let bodies = [
            Vec::new(),
            vec![7; 10],
            vec![LZ4; 10],
            [&body[..body.len() - 1], &b"x"[..]].concat(),
            [&[LZ4], longer.as_slice()].concat(),
        ];
        for spoilt in bodies {
            assert_eq!(unpack(&spoilt.into(), hash), None);
        }
    }
}
