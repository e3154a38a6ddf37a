//! What a hostile file makes the decoder take, as the kernel counted it: a test binary of its own, so that nothing else is in the sum.
#![cfg(target_os = "linux")]

use kolsai_photograph::{Unusable, take_in};

const MEMORY: u64 = 1 << 30;
/// Zeros that the profile grows to.
const GROWN: usize = 512 << 20;
/// What taking in a photograph of sixteen pixels a side may take beside the file, in bytes.
const ALLOWED: u64 = 64 << 20;

/// The most memory that this process ever had, in bytes (proc(5), `VmHWM`).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// Bits of a deflate stream (RFC 1951, 3.1.1): the first is the lowest of its byte; codes come with their highest bit first.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    used: u8,
}

impl Bits {
    fn code(&mut self, code: u16, length: u8) {
        for at in (0..length).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            *self.bytes.last_mut().unwrap() |= ((code >> at & 1) as u8) << self.used;
            self.used = (self.used + 1) % 8;
        }
    }
}

/// A zlib stream of so many zeros and one, in a block of fixed codes: one zero, then repetitions of it, 258 at a time.
fn zeros(about: usize) -> Vec<u8> {
    let times = about / 258;
    let mut bits = Bits { bytes: vec![0x78, 0x01], used: 0 };
    bits.code(0b1, 1);
    bits.code(0b10, 2);
    bits.code(0b0011_0000, 8);
    for _ in 0..times {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    // Adler-32 of zeros: one, and their number modulo 65521.
    let sum = u32::try_from((times * 258 + 1) % 65_521).unwrap();
    [bits.bytes, (sum << 16 | 1).to_be_bytes().to_vec()].concat()
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let table: Vec<u32> = (0..256_u32).map(|n| (0..8).fold(n, |c, _| if c & 1 == 1 { c >> 1 ^ 0xEDB8_8320 } else { c >> 1 })).collect();
    let checked = [kind, content].concat();
    let crc = !checked.iter().fold(!0_u32, |crc, byte| table[((crc ^ u32::from(*byte)) & 0xFF) as usize] ^ crc >> 8);
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], &checked, &crc.to_be_bytes()].concat()
}

/// A PNG of sixteen pixels a side in eight-bit grey, with this chunk before its pixels.
fn png(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let header = [&16_u32.to_be_bytes()[..], &16_u32.to_be_bytes(), &[8, 0, 0, 0, 0]].concat();
    let pixels = zeros(17 * 258);
    let chunks = [chunk(b"IHDR", &header), chunk(kind, content), chunk(b"IDAT", &pixels), chunk(b"IEND", &[])];
    [b"\x89PNG\r\n\x1A\n".to_vec(), chunks.concat()].concat()
}

#[test]
fn a_profile_that_grows_when_it_is_opened_takes_no_memory() {
    for (kind, name) in [(b"iCCP", b"sRGB\0\0".as_slice()), (b"zTXt", b"Comment\0\0")] {
        let file = png(kind, &[name, &zeros(GROWN)].concat());
        let before = peak();
        let taken = take_in(&file, MEMORY);
        let grown = peak() - before;
        assert!(grown < ALLOWED, "{} took {grown} bytes", String::from_utf8_lossy(kind));
        // The photograph itself may be sound: then only what came with it is let go.
        assert!(matches!(taken, Ok(_) | Err(Unusable::TooLarge | Unusable::Damaged)));
    }
}
