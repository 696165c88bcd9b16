//! Where the index of an MP4 stands (ISO/IEC 14496-12): a player that streams needs `moov` before `mdat`.

use std::io::{Read, Seek, SeekFrom};

/// A file has a handful of atoms at its top.
const ATOMS_MAX: usize = 1_000;

/// True when the index comes before the media. False also for whatever is no MP4.
pub fn starts_fast(mut file: impl Read + Seek) -> bool {
    let mut at: u64 = 0;
    for _ in 0..ATOMS_MAX {
        let mut header = [0; 16];
        if file.seek(SeekFrom::Start(at)).is_err() || file.read_exact(&mut header[..8]).is_err() {
            return false;
        }
        let [s0, s1, s2, s3, name @ ..] = header;
        match &name[..4] {
            b"moov" => return true,
            b"mdat" => return false,
            _ => {}
        }
        let size = match u32::from_be_bytes([s0, s1, s2, s3]) {
            // The size follows in eight bytes.
            1 => {
                if file.read_exact(&mut header[8..]).is_err() {
                    return false;
                }
                let [.., b0, b1, b2, b3, b4, b5, b6, b7] = header;
                u64::from_be_bytes([b0, b1, b2, b3, b4, b5, b6, b7])
            }
            size => u64::from(size),
        };
        // 0: to the end of the file. Smaller than its own header: nonsense.
        if size < 8 {
            return false;
        }
        at = at.saturating_add(size);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn atom(name: [u8; 4], bytes: u32) -> Vec<u8> {
        let mut atom = (bytes + 8).to_be_bytes().to_vec();
        atom.extend(name);
        atom.extend(vec![0; bytes as usize]);
        atom
    }

    #[test]
    fn the_index_is_found_where_it_stands() {
        let (ftyp, free, moov, mdat) = (atom(*b"ftyp", 16), atom(*b"free", 0), atom(*b"moov", 40), atom(*b"mdat", 99));
        assert!(starts_fast(Cursor::new([ftyp.clone(), free.clone(), moov.clone(), mdat.clone()].concat())));
        assert!(!starts_fast(Cursor::new([ftyp.clone(), mdat, moov.clone()].concat())));
        let mut long = 1_u32.to_be_bytes().to_vec();
        long.extend(b"skip");
        long.extend(20_u64.to_be_bytes());
        long.extend([0; 4]);
        assert!(starts_fast(Cursor::new([ftyp, long, moov].concat())));
    }

    #[test]
    fn nonsense_is_not_fast_and_ends() {
        for bytes in [&b""[..], b"RIFF", &[0; 64], &[0xff; 64], b"\0\0\0\x01skip\xff\xff\xff\xff\xff\xff\xff\xff"] {
            assert!(!starts_fast(Cursor::new(bytes)));
        }
    }
}
