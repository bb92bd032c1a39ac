// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The cases, by subject.

mod contexts;
mod copies;
mod hangs;
mod mappings;
mod ordering;
mod refusals;
mod resets;
mod teardown;

use crate::Case;

/// Names functions as cases.
macro_rules! cases {
    ($($name:ident),* $(,)?) => {
        /// The cases of this subject.
        pub(super) const CASES: &[$crate::Case] = &[$((stringify!($name), $name)),*];
    };
}
use cases;

/// The subjects with their cases.
pub(crate) const SUBJECTS: &[(&str, &[Case])] = &[
    ("mappings", mappings::CASES),
    ("copies", copies::CASES),
    ("ordering", ordering::CASES),
    ("contexts", contexts::CASES),
    ("hangs", hangs::CASES),
    ("resets", resets::CASES),
    ("refusals", refusals::CASES),
    ("teardown", teardown::CASES),
];
