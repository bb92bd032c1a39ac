//! The blitter: rectangles of pixels in linear and tiled memory. Which commands there are
//! stands in the Tiger Lake manual, volume 10, "2D Command Map"; what they do in the
//! older volumes on the blitter (Kaby Lake volume 11, Sandy Bridge volume 1 part 5),
//! whose commands are the same but for the addresses' size.

pub(crate) mod classic;
mod copy;
mod draw;
pub(crate) mod fast;
mod key;
mod packet;
mod pattern;
mod raster;
pub(crate) mod setup;
mod source;
mod straight;
mod surface;
mod tile;

#[cfg(test)]
mod tests;
