#version 460
// variant 1d: -DIMAGE=uimage1D -DAT=at.x -DSIZE=ivec3(imageSize(image),1,1)
// variant 2d: -DIMAGE=uimage2D -DAT=at.xy -DSIZE=ivec3(imageSize(image),1)
// variant 3d: -DIMAGE=uimage3D -DAT=at -DSIZE=imageSize(image)
// variant 1d_array: -DIMAGE=uimage1DArray -DAT=at.xy -DSIZE=ivec3(imageSize(image),1)
// variant 2d_array: -DIMAGE=uimage2DArray -DAT=at -DSIZE=imageSize(image)
// variant cube: -DIMAGE=uimageCube -DAT=at -DSIZE=ivec3(imageSize(image),6)
// Writes every texel, reads another's neighbour once all are written, in two dispatches.
layout(local_size_x = 4, local_size_y = 4, local_size_z = 2) in;
layout(binding = 0, r32ui) uniform IMAGE image;
layout(std430, binding = 1) writeonly buffer Texels { uint texels[]; };
layout(push_constant) uniform Phase { uint phase; };
void main() {
    ivec3 at = ivec3(gl_GlobalInvocationID), size = SIZE;
    if (any(greaterThanEqual(at, size))) return;
    uint number = uint((at.z * size.y + at.y) * size.x + at.x);
    if (phase == 0u) {
        imageStore(image, AT, uvec4(number * 2654435761u + 7u));
    } else {
        at = size - 1 - at;
        texels[number] = imageLoad(image, AT).x;
        // Outside nothing is read, and nothing written.
        at += ivec3(1000);
        imageStore(image, AT, uvec4(5u));
    }
}
