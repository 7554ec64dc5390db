//! What a PyTorch file's pickles would call if they were executed. Nothing here executes them: a file that would start programs is
//! refused, because weights need none and somebody else may load it with less care.

/// Modules through which a pickle acts on the machine. Of `builtins` only plain types are harmless.
const ACTING: [&str; 24] = [
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "importlib",
    "runpy",
    "shutil",
    "socket",
    "pty",
    "ctypes",
    "multiprocessing",
    "threading",
    "signal",
    "code",
    "codeop",
    "pdb",
    "timeit",
    "urllib",
    "http",
    "webbrowser",
    "pickle",
    "marshal",
    "operator",
];
const PLAIN_TYPES: [&str; 14] = [
    "set",
    "frozenset",
    "dict",
    "list",
    "tuple",
    "int",
    "float",
    "complex",
    "bool",
    "str",
    "bytes",
    "bytearray",
    "slice",
    "range",
];

/// The first function by which the pickles of a PyTorch file (zip or legacy) would act, as "module.name".
#[must_use]
pub(super) fn acting_call(file: &[u8]) -> Option<String> {
    if file.starts_with(b"PK") {
        return calls(stored_pickle(file)?).0.into_iter().find(acts).map(dotted);
    }
    // Legacy: magic number, protocol, system, tensors and their keys, one pickle each; then the numbers.
    let mut rest = file;
    for _ in 0..5 {
        let (found, length) = calls(rest);
        if let Some(call) = found.into_iter().find(acts) {
            return Some(dotted(call));
        }
        rest = &rest[length?..];
    }
    None
}

type Call = (String, String);

fn dotted((module, name): Call) -> String {
    format!("{module}.{name}")
}

fn acts((module, name): &Call) -> bool {
    let root = module.split('.').next().unwrap_or_default();
    match root {
        "builtins" | "__builtin__" => !PLAIN_TYPES.contains(&name.as_str()),
        _ => ACTING.contains(&root),
    }
}

/// The bytes of `…/data.pkl` in a zip archive; nothing where it is compressed, as PyTorch never does.
fn stored_pickle(file: &[u8]) -> Option<&[u8]> {
    let word = |at: usize| Some(u32::from_le_bytes(file.get(at..at + 4)?.try_into().ok()?) as usize);
    let half = |at: usize| Some(u16::from_le_bytes(file.get(at..at + 2)?.try_into().ok()?) as usize);
    let end = file.windows(4).rposition(|bytes| bytes == b"PK\x05\x06")?;
    let mut entry = word(end + 16)?;
    while file.get(entry..entry + 4)? == b"PK\x01\x02" {
        let (method, size, name) = (half(entry + 10)?, word(entry + 20)?, half(entry + 28)?);
        let tail = half(entry + 30)? + half(entry + 32)?;
        if file.get(entry + 46..entry + 46 + name)?.ends_with(b"data.pkl") && method == 0 {
            let local = word(entry + 42)?;
            let start = local + 30 + half(local + 26)? + half(local + 28)?;
            return file.get(start..start + size);
        }
        entry += 46 + name + tail;
    }
    None
}

/// How the argument of an instruction is written.
enum Argument {
    Bytes(usize),
    /// A length of so many bytes, and as many bytes more; a text where told.
    Counted(usize, bool),
    Lines(usize),
}

fn argument(code: u8) -> Option<Argument> {
    Some(match code {
        b'(' | b'.' | b'0' | b'1' | b'2' | b'N' | b'R' | b'Q' | b']' | b'}' | b')' => Argument::Bytes(0),
        b'a' | b'b' | b'd' | b'e' | b'l' | b'o' | b's' | b't' | b'u' => Argument::Bytes(0),
        0x81 | 0x85..=0x89 | 0x8f..=0x94 | 0x97 | 0x98 => Argument::Bytes(0),
        b'K' | b'q' | b'h' | 0x80 | 0x82 => Argument::Bytes(1),
        b'M' | 0x83 => Argument::Bytes(2),
        b'J' | b'r' | b'j' | 0x84 => Argument::Bytes(4),
        b'G' | 0x95 => Argument::Bytes(8),
        b'I' | b'L' | b'F' | b'S' | b'V' | b'P' | b'g' | b'p' => Argument::Lines(1),
        b'c' | b'i' => Argument::Lines(2),
        b'U' | 0x8c => Argument::Counted(1, true),
        0x8a | b'C' => Argument::Counted(1, false),
        b'T' | b'X' => Argument::Counted(4, true),
        b'B' | 0x8b => Argument::Counted(4, false),
        0x8d => Argument::Counted(8, true),
        0x8e | 0x96 => Argument::Counted(8, false),
        _ => return None,
    })
}

/// Every function and class that one pickle names, and the pickle's length where it is whole.
fn calls(pickle: &[u8]) -> (Vec<Call>, Option<usize>) {
    let (mut found, mut texts, mut at) = (Vec::new(), Vec::<String>::new(), 0);
    while let Some(&code) = pickle.get(at) {
        at += 1;
        let Some(argument) = argument(code) else { return (found, None) };
        let (start, length) = match argument {
            Argument::Bytes(count) => (at, Some(count)),
            Argument::Lines(count) => {
                let ends = pickle[at..].iter().enumerate().filter(|(_, byte)| **byte == b'\n');
                (at, ends.map(|(end, _)| end + 1).nth(count - 1))
            }
            Argument::Counted(width, _) => {
                let bytes = pickle.get(at..at + width).unwrap_or_default();
                let count = bytes.iter().rev().fold(0usize, |count, &byte| count << 8 | usize::from(byte));
                (at + width, (bytes.len() == width).then_some(count))
            }
        };
        let Some(bytes) = length.and_then(|length| pickle.get(start..start.checked_add(length)?)) else {
            return (found, None);
        };
        at = start + bytes.len();
        let text = || String::from_utf8_lossy(bytes).into_owned();
        match code {
            b'c' | b'i' => {
                let text = text();
                let mut lines = text.lines().map(str::to_owned);
                found.push((lines.next().unwrap_or_default(), lines.next().unwrap_or_default()));
            }
            // By the two texts before it, however they came there.
            0x93 => {
                let name = texts.pop().unwrap_or_default();
                found.push((texts.pop().unwrap_or_default(), name));
            }
            b'.' => return (found, Some(at)),
            _ if matches!(argument, Argument::Counted(_, true)) => texts.push(text()),
            _ => {}
        }
    }
    (found, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_act_are_found_in_every_form() {
        let global = b"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.";
        assert_eq!(acting_call(global), Some("posix.system".to_owned()));
        let stack = b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94\x8c\x04eval\x94\x93\x94.";
        assert_eq!(acting_call(stack), Some("builtins.eval".to_owned()));
        let second = [&b"\x80\x02K\x01."[..], b"(ios.path\njoin\n."].concat();
        assert_eq!(acting_call(&second), Some("os.path.join".to_owned()));
        let plain = b"\x80\x02cbuiltins\nset\n]\x85Rcargparse\nNamespace\n)\x81.";
        assert_eq!(acting_call(plain), None);
        for cut in 0..global.len() {
            // A cut pickle is the reader's to refuse; looking at it must not fail.
            let _ = acting_call(&global[..cut]);
        }
    }
}
