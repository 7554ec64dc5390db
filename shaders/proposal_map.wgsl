// Draws the proposal map: start over duration, score as colour. A cell is a texel; a negative score is no proposal.

struct Uniforms {
    // First column and number of columns across the picture, rows in all, score that has the full colour.
    view: vec4<f32>,
    // Colours, gamma-encoded: of no proposal, of score 0, of the middle, of the full score.
    none: vec4<f32>,
    low: vec4<f32>,
    middle: vec4<f32>,
    high: vec4<f32>,
};

@group(0) @binding(0) var<uniform> map: Uniforms;
@group(0) @binding(1) var scores: texture_2d<f32>;

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) place: vec2<f32>,
};

@vertex
fn corner(@builtin(vertex_index) index: u32) -> Corner {
    // One triangle that covers the viewport.
    let place = vec2<f32>(f32((index << 1u) & 2u), f32(index & 2u));
    var out: Corner;
    out.position = vec4<f32>(place.x * 2.0 - 1.0, 1.0 - place.y * 2.0, 0.0, 1.0);
    out.place = place;
    return out;
}

@fragment
fn pixel(in: Corner) -> @location(0) vec4<f32> {
    let size = vec2<f32>(textureDimensions(scores));
    let column = floor(map.view.x + in.place.x * map.view.y);
    // Short proposals are at the bottom.
    let row = floor((1.0 - in.place.y) * map.view.z);
    if (column < 0.0 || column >= size.x || row < 0.0 || row >= size.y) {
        return vec4<f32>(map.none.rgb, 1.0);
    }
    let score = textureLoad(scores, vec2<i32>(i32(column), i32(row)), 0).r;
    if (score < 0.0) {
        return vec4<f32>(map.none.rgb, 1.0);
    }
    let share = clamp(score / map.view.w, 0.0, 1.0);
    let lower = mix(map.low.rgb, map.middle.rgb, min(share * 2.0, 1.0));
    let rgb = mix(lower, map.high.rgb, max(share * 2.0 - 1.0, 0.0));
    return vec4<f32>(rgb, 1.0);
}
