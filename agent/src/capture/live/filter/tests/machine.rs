//! A machine for classic BPF, as the kernel documents it (Documentation/networking/filter.rst).

use crate::capture::live::filter::Instruction;

/// The tag that the kernel took off the frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside(pub(super) Option<u16>);

/// Runs a program; gives how many bytes are kept.
///
/// Fails on what the kernel would not load: an unknown step, a jump beyond the end, a cell read before
/// it is written.
pub(super) fn run(program: &[Instruction], frame: &[u8], beside: Beside) -> u32 {
    let (mut a, mut x) = (0_u32, 0_u32);
    let mut cells: [Option<u32>; 16] = [None; 16];
    let mut at = 0;
    loop {
        let Instruction { code, jt, jf, k } = program[at];
        at += 1;
        let mut jump = |holds: bool| at += usize::from(if holds { jt } else { jf });
        match code {
            0x20 | 0x28 | 0x30 if k >= 0xffff_f000 => {
                a = match k - 0xffff_f000 {
                    44 => beside.0.unwrap_or(0).into(),
                    48 => beside.0.is_some().into(),
                    other => panic!("ancillary {other}"),
                };
            }
            0x20 | 0x28 | 0x30 | 0x40 | 0x48 | 0x50 => {
                let from = if code & 0x40 == 0 { k } else { x.wrapping_add(k) } as usize;
                let size = [4, 2, 1][usize::from(code >> 3 & 3)];
                let Some(bytes) = frame.get(from..from + size) else { return 0 };
                a = bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
            }
            0x00 => a = k,
            0x01 => x = k,
            0x60 => a = cells[k as usize].expect("written before"),
            0x61 => x = cells[k as usize].expect("written before"),
            0x02 => cells[k as usize] = Some(a),
            0x03 => cells[k as usize] = Some(x),
            0x80 => a = u32::try_from(frame.len()).unwrap(),
            0x54 => a &= k,
            0x64 => a <<= k,
            0x74 => a >>= k,
            0x0c => a = a.wrapping_add(x),
            0x05 => at += k as usize,
            0x15 => jump(a == k),
            0x25 => jump(a > k),
            0x35 => jump(a >= k),
            0x45 => jump(a & k != 0),
            0x06 => return k,
            other => panic!("step {other:#04x}"),
        }
    }
}
