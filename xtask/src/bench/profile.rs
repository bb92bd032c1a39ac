//! Where instructions are executed: the addresses that the plugin counted, by the functions
//! of the guest's kernel and modules that they lie in.

use std::collections::BTreeMap;

/// How many functions are shown.
const SHOWN: usize = 45;

/// The functions of a kernel, by their first address.
pub(super) struct Symbols(BTreeMap<u64, String>);

impl Symbols {
    /// From the lines of `/proc/kallsyms`: address, kind, name, and the module if any.
    pub(super) fn read(text: &str) -> Self {
        let functions = text.lines().filter_map(|line| {
            let mut words = line.split_whitespace();
            let address = u64::from_str_radix(words.next()?, 16).ok()?;
            let kind = words.next()?;
            let name = words.next()?;
            let is_function = matches!(kind, "t" | "T" | "w" | "W");
            // Padding before functions has a name too.
            let wanted = is_function && !name.starts_with("__pfx_");
            wanted.then(|| (address, format!("{:#}", rustc_demangle::demangle(name))))
        });
        Self(functions.collect())
    }

    fn at(&self, address: u64) -> &str {
        let found = self.0.range(..=address).next_back();
        found.map_or("?", |(_, name)| name.as_str())
    }
}

/// Instructions of each of that many calls by function, on average, most first.
pub(super) fn functions(
    symbols: &Symbols,
    profile: &BTreeMap<u64, u64>,
    calls: f64,
) -> Vec<(String, f64)> {
    let mut functions: BTreeMap<&str, u64> = BTreeMap::new();
    for (address, count) in profile {
        *functions.entry(symbols.at(*address)).or_default() += count;
    }
    let mut functions: Vec<(&str, u64)> = functions.into_iter().collect();
    functions.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
    let each = |(name, count): (&str, u64)| (name.to_string(), count as f64 / calls.max(1.0));
    functions.into_iter().map(each).collect()
}

/// The same as text.
pub(super) fn text(functions: &[(String, f64)]) -> String {
    let all: f64 = functions.iter().map(|(_, count)| count).sum();
    let mut text =
        format!("\nthe kernel's {all:.0} instructions of each call, by function, on average\n");
    for (name, count) in functions.iter().take(SHOWN) {
        text.push_str(&format!("{count:>9.1}  {name}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Symbols, functions, text};
    use std::collections::BTreeMap;

    #[test]
    fn addresses_belong_to_the_function_before_them() {
        let symbols = Symbols::read(
            "0000000000001000 T first\n0000000000001ff0 t __pfx_second\n0000000000002000 t second\t[igpu]\n\
             0000000000002008 d data\n",
        );
        let profile = BTreeMap::from([(0x1004, 4), (0x1ff8, 2), (0x2010, 10)]);
        let text = text(&functions(&symbols, &profile, 2.0));
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(lines, ["      5.0  second", "      3.0  first"]);
        assert!(text.contains("8 instructions"));
    }
}
