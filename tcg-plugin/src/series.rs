// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The samples: what was counted between two marks.

use std::collections::BTreeMap;

use serde::Serialize;

/// The bit of a mark's number that says that it is the second one.
const END: u32 = 1 << 15;

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Counts {
    /// Instructions of programs.
    pub(crate) user: u64,
    /// Instructions of the kernel.
    pub(crate) kernel: u64,
    /// Writes to the area where devices are notified.
    pub(crate) notifications: u64,
}

impl Counts {
    fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user.wrapping_sub(earlier.user),
            kernel: self.kernel.wrapping_sub(earlier.kernel),
            notifications: self.notifications.wrapping_sub(earlier.notifications),
        }
    }
}

/// All samples, by the series that they belong to.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Samples {
    series: BTreeMap<u32, Vec<Counts>>,
    /// How often the kernel's instructions were executed in samples, by series and address.
    profile: BTreeMap<u32, BTreeMap<u64, u64>>,
    /// What stood where a sample began, by processor.
    #[serde(skip)]
    begun: BTreeMap<u32, (u32, Counts)>,
}

/// Whether a mark of that number begins a sample.
pub(crate) fn begins(number: u32) -> bool {
    number & END == 0
}

impl Samples {
    /// A processor executes an instruction of the kernel in a sample.
    pub(crate) fn executed(&mut self, processor: u32, address: u64) {
        if let Some((series, _)) = self.begun.get(&processor) {
            let profile = self.profile.entry(*series).or_default();
            *profile.entry(address).or_default() += 1;
        }
    }

    /// A processor has executed a mark, with so much counted by then. A second mark without
    /// the first of the same series on the same processor ends nothing.
    pub(crate) fn mark(&mut self, processor: u32, number: u32, counts: Counts) {
        if begins(number) {
            self.begun.insert(processor, (number, counts));
            return;
        }
        if let Some((series, before)) = self.begun.remove(&processor)
            && series == number & !END
        {
            let counts = counts.since(before);
            self.series.entry(series).or_default().push(counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(user: u64) -> Counts {
        Counts {
            user,
            kernel: 10 * user,
            notifications: 0,
        }
    }

    #[test]
    fn a_sample_is_what_grew_between_its_marks_on_one_processor() {
        let mut samples = Samples::default();
        samples.mark(0, 3, counts(100));
        samples.mark(1, 4, counts(7));
        samples.mark(0, END | 3, counts(130));
        // Begun on another processor, of another series, not begun.
        samples.mark(0, END | 4, counts(9));
        samples.mark(1, END | 3, counts(9));
        samples.mark(1, END | 3, counts(9));
        assert_eq!(samples.series.len(), 1);
        assert_eq!(samples.series[&3], [counts(30)]);
    }

    #[test]
    fn only_what_is_executed_in_a_sample_is_in_the_profile() {
        let mut samples = Samples::default();
        samples.executed(0, 0x10);
        samples.mark(0, 3, counts(0));
        for address in [0x10, 0x20, 0x10] {
            samples.executed(0, address);
        }
        samples.executed(1, 0x10);
        samples.mark(0, END | 3, counts(3));
        samples.executed(0, 0x10);
        assert_eq!(samples.profile[&3], BTreeMap::from([(0x10, 2), (0x20, 1)]));
    }
}
