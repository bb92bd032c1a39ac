// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Numbers as the kernel reads them from its files.

use super::errno::{Errno, Result};

/// A number as `kstrtoull` takes it with base 0: decimal, hexadecimal behind `0x`, octal
/// behind `0`; one `+` may stand in front and one line end behind it. A NUL ends the text.
/// `EINVAL` for anything else, `ERANGE` if it has more than 64 bits.
pub fn parse_u64(text: &[u8]) -> Result<u64> {
    let text = match text.iter().position(|&byte| byte == 0) {
        Some(end) => &text[..end],
        None => text,
    };
    let text = text.strip_prefix(b"+").unwrap_or(text);
    let (digits, base) = match text {
        [b'0', b'x' | b'X', next, ..] if next.is_ascii_hexdigit() => (&text[2..], 16),
        [b'0', ..] => (text, 8),
        _ => (text, 10),
    };
    let mut value = Some(0u64);
    let mut count = 0;
    for &byte in digits {
        let Some(digit) = (byte as char).to_digit(base) else {
            break;
        };
        count += 1;
        value = value
            .and_then(|value| value.checked_mul(base.into()))
            .and_then(|value| value.checked_add(digit.into()));
    }
    let value = value.ok_or(Errno::ERANGE)?;
    match &digits[count..] {
        [] | [b'\n'] if count > 0 => Ok(value),
        _ => Err(Errno::EINVAL),
    }
}

/// A yes or no as `kstrtobool` takes it, which looks at the first letter, or two.
pub fn parse_bool(text: &[u8]) -> Result<bool> {
    match text {
        [b'y' | b'Y' | b't' | b'T' | b'1', ..] => Ok(true),
        [b'n' | b'N' | b'f' | b'F' | b'0', ..] => Ok(false),
        [b'o' | b'O', b'n' | b'N', ..] => Ok(true),
        [b'o' | b'O', b'f' | b'F', ..] => Ok(false),
        _ => Err(Errno::EINVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_kernel_does() {
        for (text, value) in [
            ("0", 0),
            ("2500", 2500),
            ("+7", 7),
            ("640\n", 640),
            ("0x1f", 0x1f),
            ("0XfF\n", 0xff),
            ("017", 0o17),
            ("00", 0),
            ("18446744073709551615", u64::MAX),
            ("0xffffffffffffffff", u64::MAX),
            ("5\0rest", 5),
        ] {
            assert_eq!(parse_u64(text.as_bytes()), Ok(value), "{text:?}");
        }
        for text in [
            "", "\n", "+", "-1", " 1", "1 ", "1\n\n", "++1", "0x", "0xg", "08", "1a", "ten", "\0",
        ] {
            assert_eq!(parse_u64(text.as_bytes()), Err(Errno::EINVAL), "{text:?}");
        }
        for text in [
            "18446744073709551616",
            "0x10000000000000000",
            "99999999999999999999x",
        ] {
            assert_eq!(parse_u64(text.as_bytes()), Err(Errno::ERANGE), "{text:?}");
        }
    }

    #[test]
    fn yes_and_no_have_many_names() {
        for text in ["1", "y", "Yes", "true", "on", "ON\n"] {
            assert_eq!(parse_bool(text.as_bytes()), Ok(true), "{text:?}");
        }
        for text in ["0", "n", "No", "false", "off", "oF"] {
            assert_eq!(parse_bool(text.as_bytes()), Ok(false), "{text:?}");
        }
        for text in ["", "2", "o", "maybe", " 1"] {
            assert_eq!(parse_bool(text.as_bytes()), Err(Errno::EINVAL), "{text:?}");
        }
    }
}
