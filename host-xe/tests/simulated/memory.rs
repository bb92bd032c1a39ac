// SPDX-License-Identifier: Apache-2.0 OR MIT

//! The process's memory, as the software GPU is given it: at its own addresses.

use std::ops::Range;
use std::ptr::NonNull;
use std::sync::Arc;

use softgpu::{Memory, Region};

/// Reads something through a pointer of a call's structure.
///
/// # Safety
/// The address is null, or that of a `T`.
pub(crate) unsafe fn get<T: Copy>(address: u64) -> Result<T, i32> {
    let pointer = std::ptr::with_exposed_provenance::<T>(address as usize);
    if pointer.is_null() {
        return Err(super::errno::EFAULT);
    }
    // SAFETY: the caller promises that there is one.
    Ok(unsafe { pointer.read_unaligned() })
}

/// Writes something through a pointer of a call's structure.
///
/// # Safety
/// The address is null, or may be written as a `T`.
pub(crate) unsafe fn put<T>(address: u64, value: T) -> Result<(), i32> {
    let pointer = std::ptr::with_exposed_provenance_mut::<T>(address as usize);
    if pointer.is_null() {
        return Err(super::errno::EFAULT);
    }
    // SAFETY: the caller promises that it may be written.
    unsafe { pointer.write_unaligned(value) };
    Ok(())
}

/// What the process has mapped to read and write.
fn mapped() -> Vec<Range<u64>> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (Some(range), Some(rights)) = (words.next(), words.next()) else {
            continue;
        };
        let Some((start, end)) = range.split_once('-') else {
            continue;
        };
        let parse = |text| u64::from_str_radix(text, 16);
        if let (Ok(start), Ok(end), true) = (parse(start), parse(end), rights.starts_with("rw")) {
            ranges.push(start..end);
        }
    }
    ranges
}

/// The regions that the software GPU has.
#[derive(Debug, Default)]
pub(crate) struct Regions(Vec<Range<u64>>);

impl Regions {
    /// Has the GPU's memory hold these addresses. New memory for it, if they weren't there yet;
    /// none if the process has no such memory.
    pub(crate) fn cover(&mut self, wanted: Range<u64>) -> Option<Option<Memory>> {
        let holds = |range: &Range<u64>| range.start <= wanted.start && wanted.end <= range.end;
        let mapped = mapped();
        // Adjacent mappings serve as one.
        let mut end = wanted.start;
        let mut whole = wanted.clone();
        for range in &mapped {
            if range.start <= end && end < range.end {
                whole.start = whole.start.min(range.start);
                end = range.end;
                if end >= wanted.end {
                    break;
                }
            }
        }
        if end < wanted.end {
            return None;
        }
        whole.end = end;
        if self.0.iter().any(holds) {
            return Some(None);
        }
        let there = |range: &Range<u64>| {
            mapped
                .iter()
                .any(|m| m.start <= range.start && range.end <= m.end)
        };
        self.0.retain(there);
        self.0.retain(|range| {
            let apart = range.end <= whole.start || whole.end <= range.start;
            if !apart {
                whole = whole.start.min(range.start)..whole.end.max(range.end);
            }
            apart
        });
        self.0.push(whole);
        let regions = self.0.iter().filter_map(|range| {
            let pointer = std::ptr::with_exposed_provenance_mut(range.start as usize);
            let pointer = NonNull::new(pointer)?;
            let length = (range.end - range.start) as usize;
            // SAFETY: the GPU touches of a region only what is bound, and what is bound stays
            // mapped, and is guest memory, accessed by raw pointers: that is the contract of
            // the call by which it was bound.
            Some(unsafe { Region::new(range.start, pointer, length, Arc::new(())) })
        });
        Memory::new(regions.collect()).ok().map(Some)
    }
}
