/*
 * The scene of igpu-scene: spheres on a chequered plane under an evening sky. One work item
 * computes one pixel of four rays, each followed where it is mirrored. src/scene/trace.rs does
 * the same on the CPU, in the same order: what is changed here has to be changed there.
 *
 * `scene` holds eye, right, up, ahead and sun, then two for each sphere: middle and radius,
 * color and mirror (see Scene::words). `picture` takes a word for each pixel, its bytes red,
 * green, blue and alpha. Of the range, x is the column and y the row.
 */

#define BOUNCES 4
#define FAR 1.0e9f
#define OFF 1.0e-3f
#define SUN_SIZE 0.07f

#define SUNLIGHT ((float3)(3.4f, 2.55f, 1.65f))
#define SKYLIGHT ((float3)(0.22f, 0.34f, 0.58f))
#define ZENITH ((float3)(0.025f, 0.10f, 0.36f))
#define HORIZON ((float3)(0.98f, 0.62f, 0.40f))

/* Places in `scene`. */
#define EYE 0
#define RIGHT 1
#define UP 2
#define AHEAD 3
#define SUN 4
#define SPHERES 5

#define MIDDLE(number) scene[SPHERES + 2 * (number)]
#define COLOR(number) scene[SPHERES + 2 * (number) + 1]

/* Light as the picture shows it: 0 to 1. */
static float3 tone(float3 light)
{
    float3 shown = light * (0.9f + light * 0.25f) / (1.0f + light * 0.55f);
    return sqrt(clamp(shown, 0.0f, 1.0f));
}

/* How far it is to what the ray meets first, and in `hit` which sphere that is; -1: the plane. */
static float nearest(__constant float4 *scene, int spheres, float3 from, float3 way, int *hit)
{
    float distance = FAR;
    *hit = -1;
    if (way.y < -1.0e-4f)
        distance = -from.y / way.y;
    for (int number = 0; number < spheres; number++) {
        float4 it = MIDDLE(number);
        float3 to = it.xyz - from;
        float along = dot(to, way);
        float inside = it.w * it.w - (dot(to, to) - along * along);
        if (inside > 0.0f) {
            float near = along - sqrt(inside);
            if (near > 0.0f && near < distance) {
                distance = near;
                *hit = number;
            }
        }
    }
    return distance;
}

/* Which part of the sun is seen from a place. Each sphere covers the more of it the nearer the
 * way to the sun's middle passes, measured against how large the sun is there. */
static float sun_seen(__constant float4 *scene, int spheres, float3 from, float3 sun)
{
    float seen = 1.0f;
    for (int number = 0; number < spheres; number++) {
        float4 it = MIDDLE(number);
        float3 to = it.xyz - from;
        float along = dot(to, sun);
        if (along > 0.0f) {
            float beside = sqrt(max(dot(to, to) - along * along, 0.0f)) - it.w;
            float part = clamp(0.5f + beside / (2.0f * SUN_SIZE * along), 0.0f, 1.0f);
            seen *= part * part * (3.0f - 2.0f * part);
        }
    }
    return seen;
}

/* Which part of the sky is seen from a place that faces along `normal`. */
static float sky_seen(__constant float4 *scene, int spheres, float3 from, float3 normal)
{
    float seen = 1.0f;
    for (int number = 0; number < spheres; number++) {
        float4 it = MIDDLE(number);
        float3 to = it.xyz - from;
        float square = dot(to, to);
        float facing = max(dot(to, normal), 0.0f) / sqrt(square);
        float covered = facing * it.w * it.w / square;
        seen *= 1.0f - min(covered, 1.0f);
    }
    return seen;
}

/* The plane's color: chequers, fading with the distance before they become too fine. */
static float3 plane(float3 place, float distance)
{
    int odd = ((int)floor(place.x) + (int)floor(place.z)) & 1;
    float strong = 1.0f / (1.0f + distance * distance * 0.0006f);
    float value = odd == 0 ? 0.5f + 0.5f * strong : 0.5f - 0.5f * strong;
    return mix((float3)(0.045f, 0.06f, 0.10f), (float3)(0.74f, 0.70f, 0.62f), value);
}

/* The sky, with the sun in it. */
static float3 sky(float3 way, float3 sun)
{
    float low = 1.0f - clamp(way.y, 0.0f, 1.0f);
    float low2 = low * low;
    float height = 1.0f - low2 * low2 * low;
    float near = max(dot(way, sun), 0.0f);
    float near2 = near * near;
    float near4 = near2 * near2;
    float near8 = near4 * near4;
    float near16 = near8 * near8;
    float near32 = near16 * near16;
    float near64 = near32 * near32;
    float near128 = near64 * near64;
    float near256 = near128 * near128;
    float near512 = near256 * near256;
    float glow = near8 * 0.25f + near64 * 0.5f + near512 * 9.0f;
    return mix(HORIZON, ZENITH, height) + SUNLIGHT * (glow * 0.5f);
}

/* The light that comes along a ray. */
static float3 follow(__constant float4 *scene, int spheres, float3 from, float3 way)
{
    float3 sun = scene[SUN].xyz;
    float3 light = 0.0f;
    float3 weight = 1.0f;
    for (int bounce = 0; bounce < BOUNCES; bounce++) {
        int hit;
        float distance = nearest(scene, spheres, from, way, &hit);
        if (distance >= FAR)
            return light + weight * sky(way, sun);
        float3 place = from + way * distance;
        float3 normal = (float3)(0.0f, 1.0f, 0.0f);
        float3 color;
        float mirror = 0.04f;
        if (hit >= 0) {
            float4 it = MIDDLE(hit);
            float4 made_of = COLOR(hit);
            normal = (place - it.xyz) * (1.0f / it.w);
            color = made_of.xyz;
            mirror = made_of.w;
        } else {
            color = plane(place, distance);
        }
        /* More is mirrored at a flat angle. */
        float flat = clamp(1.0f + dot(way, normal), 0.0f, 1.0f);
        float flat2 = flat * flat;
        float share = mirror + (1.0f - mirror) * flat2 * flat2 * flat * 0.8f;
        float3 off = place + normal * OFF;
        float sunlit = max(dot(sun, normal), 0.0f);
        float seen = 0.0f;
        if (sunlit > 0.0f)
            seen = sun_seen(scene, spheres, off, sun);
        float open = sky_seen(scene, spheres, off, normal) * (0.6f + 0.4f * normal.y);
        /* A little comes back from the plane, too. */
        float3 below = (float3)(0.16f, 0.12f, 0.09f) * (0.5f - 0.5f * normal.y);
        float3 own = color * (SUNLIGHT * (sunlit * seen) + SKYLIGHT * open + below);
        if (hit < 0) {
            /* The plane ends in haze. */
            float haze = 1.0f - 1.0f / (1.0f + distance * distance * 0.0011f);
            own = mix(own, HORIZON, haze);
        }
        light += weight * own * (1.0f - share);
        /* Metal gives what it mirrors its color. */
        float3 tint = mirror >= 0.5f ? color : (float3)(1.0f);
        weight *= tint * share;
        if (max(max(weight.x, weight.y), weight.z) < 0.01f)
            return light;
        way -= normal * (2.0f * dot(way, normal));
        from = off;
    }
    return light;
}

__kernel void scene(__global uint *picture, __constant float4 *scene, int spheres, int width, int height)
{
    int x = get_global_id(0);
    int y = get_global_id(1);
    if (x >= width || y >= height)
        return;
    float3 sum = 0.0f;
    for (int ray = 0; ray < 4; ray++) {
        /* A square turned so that no two share a row or column. */
        float right = 0.375f + 0.5f * (ray & 1) - 0.25f * (ray >> 1);
        float down = 0.125f + 0.25f * ray;
        float across = (x + right) * 2.0f / width - 1.0f;
        float upwards = (height - 2.0f * (y + down)) / width;
        float3 way = scene[AHEAD].xyz + scene[RIGHT].xyz * across + scene[UP].xyz * upwards;
        sum += tone(follow(scene, spheres, scene[EYE].xyz, way * (1.0f / sqrt(dot(way, way)))));
    }
    uint3 bytes = convert_uint3(sum * (255.0f / 4.0f) + 0.5f);
    picture[y * width + x] = bytes.x | bytes.y << 8 | bytes.z << 16 | 0xff000000u;
}
