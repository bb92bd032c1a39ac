// SPDX-License-Identifier: GPL-2.0 OR MIT

//! Bind mode: userspace maps and unmaps ranges, and mappings stay until it does.
//!
//! What an update takes away may be in use by submissions made before it; so it follows
//! every submission of the address space that is still unfinished, on the device, while
//! nobody waits in the guest. What comes after it, binds and submissions alike, follows
//! it. An update that only adds follows nothing but the updates before it.

use crate::drm::{self, Fence, Object};
use crate::fence::Waits;
use crate::rules::address::Range;
use crate::rules::range_map::{self, Cut};
use crate::vm::address_space::{Mapping, State};
use crate::vm::update::Update;
use crate::vm::{AddressSpace, BindPoint, Order, View};
use kernel::prelude::*;
use kernel::rbtree::{RBTreeNode, RBTreeNodeReservation};
use kernel::sync::aref::ARef;
use kernel::sync::Arc;

/// A range to map, checked.
pub(crate) struct BindRequest<'a> {
    /// GPU addresses.
    pub(crate) range: Range,
    /// The object.
    pub(crate) object: &'a Object,
    /// Byte of the object at the range's start.
    pub(crate) offset: u64,
    /// Refuse a range in use (VM_BIND version 1) instead of replacing what is there.
    pub(crate) only_if_free: bool,
}

/// The mappings that touch a range, and what holding them takes.
struct Touched {
    starts: KVec<u64>,
    views: KVec<Arc<View>>,
}

impl AddressSpace {
    /// Maps a range. The fence signals when the device has applied it. ENOMEM, EFAULT,
    /// ERESTARTSYS; EEXIST and ENOSPC with `only_if_free`. An error leaves everything as
    /// it was.
    pub(crate) fn bind(
        self: &Arc<Self>,
        dev: &drm::Device,
        request: &BindRequest<'_>,
    ) -> Result<BindPoint> {
        let view = View::new(request.object)?;
        let range = request.range;
        let mut tail = Some(RBTreeNodeReservation::new(GFP_KERNEL)?);
        let mapping = Mapping {
            length: range.length(),
            offset: request.offset,
            view: view.clone(),
        };
        let node = RBTreeNode::new(range.start(), mapping, GFP_KERNEL)?;

        let mut order = self.order();
        let state = &mut *order.0;
        let touched = state.touched(&range)?;
        if request.only_if_free {
            range_map::check_unoccupied(state.rule_mappings(&touched.starts), &range)?;
        }
        let mut waits = Waits::new();
        if !touched.starts.is_empty() {
            self.add_submission_waits(dev, state, &mut waits)?;
        }
        let fence = self.send_update(
            dev,
            state,
            (range.start(), range.length()),
            &Update::Map {
                view: &view,
                offset: request.offset,
            },
            waits,
            touched.views,
        )?;
        state.cut(&touched.starts, &range, &mut tail);
        state.mappings.insert(node);
        Ok(fence)
    }

    /// Unmaps a range; `None` if nothing was mapped in it. The fence signals when the
    /// device has applied it. ENOMEM; EINVAL with `only_exact` (VM_BIND version 1) if the
    /// range is not that of one mapping. An error leaves everything as it was.
    pub(crate) fn unbind(
        self: &Arc<Self>,
        dev: &drm::Device,
        range: Range,
        only_exact: bool,
    ) -> Result<Option<ARef<Fence>>> {
        let mut tail = Some(RBTreeNodeReservation::new(GFP_KERNEL)?);
        let mut order = self.order();
        let state = &mut *order.0;
        let touched = state.touched(&range)?;
        if only_exact {
            range_map::check_exact(state.rule_mappings(&touched.starts), &range)?;
        }
        if touched.starts.is_empty() {
            return Ok(None);
        }
        let mut waits = Waits::new();
        self.add_submission_waits(dev, state, &mut waits)?;
        let fence = self.send_update(
            dev,
            state,
            (range.start(), range.length()),
            &Update::Unmap,
            waits,
            touched.views,
        )?;
        state.cut(&touched.starts, &range, &mut tail);
        Ok(Some(fence))
    }

    /// Whether something is mapped at `address`, as long as `order` is held.
    pub(crate) fn is_mapped(&self, order: &Order<'_>, address: u64) -> bool {
        let state = &order.0;
        match state.last_at_or_before(address) {
            Some((start, mapping)) => address - start < mapping.length,
            None => false,
        }
    }
}

impl State {
    /// The mapping with the greatest start not above `address`.
    pub(super) fn last_at_or_before(&self, address: u64) -> Option<(u64, &Mapping)> {
        if let Some(mapping) = self.mappings.get(&address) {
            return Some((address, mapping));
        }
        match self.mappings.cursor_lower_bound(&address) {
            Some(cursor) => cursor.peek_prev().map(|(key, _)| *key),
            None => self
                .mappings
                .cursor_back()
                .map(|cursor| *cursor.current().0),
        }
        .and_then(|key| Some((key, self.mappings.get(&key)?)))
    }

    /// The mapping with the least start not below `address`.
    pub(super) fn first_at_or_after(&self, address: u64) -> Option<(u64, &Mapping)> {
        let start = *self.mappings.cursor_lower_bound(&address)?.current().0;
        Some((start, self.mappings.get(&start)?))
    }

    /// The mappings that touch `range`, in order. ENOMEM.
    fn touched(&self, range: &Range) -> Result<Touched> {
        let mut touched = Touched {
            starts: KVec::new(),
            views: KVec::new(),
        };
        let mut add = |start: u64, mapping: &Mapping| -> Result {
            touched.starts.push(start, GFP_KERNEL)?;
            Ok(touched.views.push(mapping.view.clone(), GFP_KERNEL)?)
        };
        if let Some((start, mapping)) = self.last_at_or_before(range.start()) {
            // One that begins at the range's start is found here, too.
            if range.start() - start < mapping.length {
                add(start, mapping)?;
            }
        }
        let mut after = range.start() + 1;
        while let Some((start, mapping)) = self.first_at_or_after(after) {
            if start >= range.end() {
                break;
            }
            add(start, mapping)?;
            after = start + mapping.length;
        }
        Ok(touched)
    }

    /// The mappings at `starts` as the rules see them.
    fn rule_mappings<'a>(
        &'a self,
        starts: &'a [u64],
    ) -> impl Iterator<Item = range_map::Mapping> + 'a {
        starts.iter().filter_map(|start| {
            let mapping = self.mappings.get(start)?;
            rule_mapping(*start, mapping)
        })
    }

    /// Takes `range` out of the mappings at `starts`. Can't fail: `tail` is the node for
    /// the one piece that may be split off.
    fn cut(
        &mut self,
        starts: &[u64],
        range: &Range,
        tail: &mut Option<RBTreeNodeReservation<u64, Mapping>>,
    ) {
        for start in starts {
            let Some(mapping) = self.mappings.get_mut(start) else {
                continue;
            };
            let Some(seen) = rule_mapping(*start, mapping) else {
                continue;
            };
            match range_map::cut(&seen, range) {
                Cut::Keep => {}
                Cut::Remove => drop(self.mappings.remove(start)),
                Cut::KeepHead(head) => mapping.length = head.range.length(),
                Cut::KeepTail(rest) => {
                    let piece = mapping.piece(&rest);
                    if let Some(node) = self.mappings.remove_node(start) {
                        let node = node.into_reservation();
                        self.mappings
                            .insert(node.into_node(rest.range.start(), piece));
                    }
                }
                Cut::Split { head, tail: rest } => {
                    let piece = mapping.piece(&rest);
                    mapping.length = head.range.length();
                    if let Some(reservation) = tail.take() {
                        self.mappings
                            .insert(reservation.into_node(rest.range.start(), piece));
                    }
                }
            }
        }
    }
}

impl Mapping {
    /// A part of this mapping.
    fn piece(&self, part: &range_map::Mapping) -> Self {
        Self {
            length: part.range.length(),
            offset: part.offset,
            view: self.view.clone(),
        }
    }
}

fn rule_mapping(start: u64, mapping: &Mapping) -> Option<range_map::Mapping> {
    let range = Range::new(start, mapping.length).ok()?;
    Some(range_map::Mapping {
        range,
        offset: mapping.offset,
    })
}
