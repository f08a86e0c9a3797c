import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import * as deform from "../../../studio/components/ui/deform.mjs";
import { PLACES, moveStructure } from "../../../studio/components/ui/drag.mjs";
import { distanceTo, laVolume, simpson, thickness, wallThickness } from "../../../studio/components/ui/measure.mjs";
import { inside, pointAt, beziers, sample } from "../../../studio/components/ui/spline.mjs";

const { hearts, limits } = JSON.parse(readFileSync(new URL("geometry.json", import.meta.url)));
const normal = hearts.normal.contours;
const sound = ["normal", "dilated", "hypertrophic", "normal, A2C", "patient 3", "patient 17"].map((name) => hearts[name].contours);

function seeded(seed) {
  return () => ((seed = (seed * 16807) % 2147483647), seed / 2147483647);
}

const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
const near = (a, b, tolerance = 1e-9) => assert.ok(distance(a, b) <= tolerance, `${a} is not ${b}`);
const alike = (a, b, tolerance = 1e-9) => {
  for (const name of Object.keys(b)) {
    assert.equal(a[name].length, b[name].length);
    b[name].forEach((point, i) => near(a[name][i], point, tolerance));
  }
};

/** One of the hearts, turned, stretched and moved at random; its annulus is one place. */
function someHeart(random) {
  const heart = sound[Math.floor(random() * sound.length)];
  const change = { rotate: random() - 0.5, scale: [0.7 + 0.6 * random(), 0.7 + 0.6 * random()], move: [20 * random() - 10, 0] };
  return deform.snapAnnulus(deform.transform(heart, "all", { ...change, about: [0, 80] }));
}

/** A brush near a random place of a random border. */
function someBrush(heart, random, mm) {
  const curve = sample(heart[["lv_endo", "lv_epi", "la"][Math.floor(random() * 3)]]);
  const [x, y] = curve[Math.floor(random() * curve.length)];
  const [angle, radius] = [2 * Math.PI * random(), 4 + 30 * random()];
  return { centre: [x + 8 * random() - 4, y + 8 * random() - 4], delta: [mm * Math.cos(angle), mm * Math.sin(angle)], radius };
}

const refined = (heart, { centre, radius }) =>
  deform.refine(heart, centre, radius).reduce(
    (now, { contour, segment, u }) => ({ ...now, [contour]: deform.insertPoint(now[contour], segment, u) }), heart,
  );

/** The annulus is one place: exactly, for what has been moved together. */
function assertOnePlace(heart, tolerance = 0) {
  for (const place of PLACES) {
    const [first, ...others] = place.filter(([name]) => name !== "lv_epi").map(([name, end]) => heart[name].at(end));
    for (const other of others) near(other, first, tolerance);
  }
}

/** What was inside is inside and what was outside is outside, at every sample but the shared ends. */
function assertApart(before, after) {
  const kept = (line, polygon, inner) => {
    const [[old, area], [now, newArea]] = [before, after].map((heart) => [line(heart), polygon(heart)]);
    for (let i = 1; i < now.length - 1; i++) if (inside(area, old[i]) === inner) assert.equal(inside(newArea, now[i]), inner);
  };
  const [endo, la] = ["lv_endo", "la"].map((name) => (heart) => sample(heart[name]));
  kept(endo, deform.outerWall, true);
  kept(la, deform.outerWall, false);
  kept(la, endo, false);
  kept(endo, la, false);
  for (const name of ["lv_endo", "lv_epi", "la"]) assert.equal(deform.crossesItself(sample(after[name])), false);
}

test("walls never cross under a push, and the annulus stays one place, over random hearts and pushes", () => {
  const random = seeded(11);
  for (let run = 0; run < 120; run++) {
    const start = someHeart(random);
    const brush = someBrush(start, random, 40 * random());
    const before = run % 3 ? refined(start, brush) : start;
    const frozen = JSON.stringify(before);
    const after = deform.push(before, brush.centre, brush.delta, brush.radius);
    assertApart(before, after);
    assertOnePlace(after);
    assert.ok(Math.min(...thickness(after.lv_endo, after.lv_epi).slice(10, -10)) > 0);
    assert.equal(JSON.stringify(before), frozen);
  }
});

test("many small pushes are as safe as one", () => {
  const random = seeded(12);
  for (let run = 0; run < 12; run++) {
    let heart = someHeart(random);
    const { centre, delta, radius } = someBrush(heart, random, 2);
    const start = (heart = refined(heart, { centre, radius }));
    for (let k = 0; k < 12; k++) heart = deform.push(heart, [centre[0] + k * delta[0], centre[1] + k * delta[1]], delta, radius);
    assertApart(start, heart);
    assertOnePlace(heart);
  }
});

test("a push goes where the brush goes, takes the other wall along, and leaves what lies beyond the brush", () => {
  const [x, y] = normal.lv_endo[2];
  const after = deform.push(normal, [x, y], [-2, 0], 25);
  const shift = (name, i) => normal[name][i][0] - after[name][i][0];
  assert.ok(shift("lv_endo", 2) > 1.95 && shift("lv_endo", 2) <= 2);
  assert.ok(shift("lv_epi", 2) > 1 && shift("lv_epi", 2) < shift("lv_endo", 2));
  for (const [name, points] of Object.entries(normal)) {
    points.forEach((point, i) => distance(point, [x - 1, y]) > 27 && assert.deepEqual(after[name][i], point));
  }
});

test("the field can be undone: a push there and back is close to none", () => {
  const random = seeded(13);
  for (let run = 0; run < 30; run++) {
    const heart = someHeart(random);
    const { centre, delta: [dx, dy], radius } = someBrush(heart, random, 2);
    const there = deform.push(heart, centre, [dx, dy], radius + 10);
    alike(deform.push(there, [centre[0] + dx, centre[1] + dy], [-dx, -dy], radius + 10), heart, 0.5);
  }
});

test("a push of nothing, or with no brush, changes nothing", () => {
  assert.deepEqual(deform.push(normal, [0, 60], [0, 0], 20), normal);
  assert.deepEqual(deform.push(normal, [0, 60], [5, 5], 0), normal);
  assert.deepEqual(deform.thicken(normal, [0, 60], 5, 0), normal);
});

test("a heart whose walls cross can still be pushed", () => {
  for (const name of ["crossed walls", "missing LA", "septal defect", "tiny"]) {
    const heart = hearts[name].contours;
    const after = deform.push(heart, heart.lv_endo[4], [0, -1], 15);
    assert.ok(distance(after.lv_endo[4], heart.lv_endo[4]) > 0.2, name);
  }
});

test("a brush finds points at most 0.7 of its radius apart, none within 1.5 mm of another, and the curves stay", () => {
  const random = seeded(14);
  for (let run = 0; run < 80; run++) {
    const before = someHeart(random);
    const brush = someBrush(before, random, 1);
    const after = refined(before, brush);
    assert.deepEqual(deform.refine(after, brush.centre, brush.radius).length, 0);
    for (const [name, points] of Object.entries(after)) {
      const old = new Set(before[name]);
      const curves = beziers(points);
      for (const [i, curve] of curves.entries()) {
        const length = distance(points[i], points[i + 1]);
        const reached = Array.from({ length: 25 }, (_, k) => pointAt(curve, k / 24)).some((p) => distance(p, brush.centre) < brush.radius - 0.5);
        if (reached) assert.ok(length <= Math.max(0.7 * brush.radius, 3.4), `${name}: ${length} mm of ${brush.radius}`);
      }
      for (const point of points) {
        if (!old.has(point)) for (const other of points) assert.ok(point === other || distance(point, other) >= 1.5);
      }
      const line = sample(before[name]);
      for (const point of sample(points)) assert.ok(distanceTo(line, point) < 2.5);
      assert.ok(points.length <= limits.most);
    }
    assertOnePlace(after);
  }
});

test("no more points are inserted than a contour may have, nor by a brush that touches nothing", () => {
  const full = { ...normal, lv_endo: sample(normal.lv_endo, 24) }; // 193 points
  assert.ok(refined(full, { centre: full.lv_endo[96], radius: 2 }).lv_endo.length <= limits.most);
  const most = Array.from({ length: limits.most }, (_, i) => [2 * i, 0]);
  assert.equal(deform.insertPoint(most, 3, 0.5), most);
  assert.deepEqual(deform.refine(normal, [400, 400], 20), []);
});

test("an inserted point lies on the curve, and offsets take it as points do", () => {
  const random = seeded(15);
  for (let run = 0; run < 50; run++) {
    const list = () => Array.from({ length: 7 }, () => [100 * random(), 100 * random()]);
    const [points, offsets, segment, u] = [list(), list(), Math.floor(6 * random()), random()];
    const sum = points.map(([x, y], i) => [x + offsets[i][0], y + offsets[i][1]]);
    const [a, b, c] = [points, offsets, sum].map((rows) => deform.insertPoint(rows, segment, u));
    c.forEach((point, i) => near(point, [a[i][0] + b[i][0], a[i][1] + b[i][1]]));
    near(a[segment + 1], pointAt(beziers(points)[segment], u));
    assert.deepEqual(deform.deletePoint(a, segment + 1), points);
  }
});

test("an end, and the last few points, are not deleted", () => {
  const { la, septal_leaflet: leaflet } = normal;
  assert.equal(deform.deletePoint(la, 0), la);
  assert.equal(deform.deletePoint(la, la.length - 1), la);
  assert.equal(deform.deletePoint(leaflet, 1), leaflet);
  assert.equal(deform.deletePoint(la.slice(0, 4), 1, deform.FEWEST.la).length, 4);
  assert.equal(deform.deletePoint(la, 2, deform.FEWEST.la).length, la.length - 1);
  assert.deepEqual({ fewest: deform.FEWEST, most: deform.MOST }, limits);
});

test("the nearest place on a curve is found again", () => {
  const random = seeded(16);
  for (let run = 0; run < 60; run++) {
    const heart = someHeart(random);
    const contour = ["lv_endo", "lv_epi"][run % 2];
    const segment = Math.floor(random() * (heart[contour].length - 1));
    const u = 0.05 + 0.9 * random();
    const found = deform.nearestOnCurve({ [contour]: heart[contour] }, pointAt(beziers(heart[contour])[segment], u), 3);
    assert.deepEqual([found.contour, found.segment], [contour, segment]);
    assert.ok(Math.abs(found.u - u) < 0.01);
  }
  const [end] = normal.lv_endo.slice(-1);
  const last = deform.nearestOnCurve({ lv_endo: normal.lv_endo }, end, 1);
  assert.ok(last.segment === normal.lv_endo.length - 2 && Math.abs(last.u - 1) < 1e-9);
  assert.equal(deform.nearestOnCurve(normal, [300, 300], 5), null);
});

test("a wall grows and thins where the brush is, never crosses and keeps a millimetre", () => {
  const random = seeded(17);
  for (let run = 0; run < 60; run++) {
    const start = someHeart(random);
    const { centre, radius } = someBrush(start, random, 1);
    const before = run % 3 ? refined(start, { centre, radius }) : start;
    const mm = 60 * random() - 30;
    const after = deform.thicken(before, centre, mm, radius);
    assertApart(before, after);
    assertOnePlace(after);
    for (const name of ["lv_endo", "lv_epi"]) for (const end of [0, -1]) assert.equal(after[name].at(end), before[name].at(end));
    if (mm < 0) {
      const was = thickness(before.lv_endo, before.lv_epi);
      thickness(after.lv_endo, after.lv_epi).slice(1, -1).forEach((wall, i) => assert.ok(wall >= Math.min(was[i + 1], 1)));
    }
  }
});

test("thickening by 3 mm is 3 mm at the brush, by the border that is nearer", () => {
  const [endo, epi] = [normal.lv_endo[6], normal.lv_epi[6]];
  for (const [border, at] of [["lv_endo", endo], ["lv_epi", epi]]) {
    for (const mm of [3, -3]) {
      const after = deform.thicken(normal, at, mm, 40);
      const grown = distanceTo(sample(after.lv_epi), after.lv_endo[6]) - distanceTo(sample(normal.lv_epi), endo);
      assert.ok(Math.abs(grown - mm) < 0.6, `${border} ${mm}: ${grown}`);
      assert.deepEqual({ ...after, [border]: 0 }, { ...normal, [border]: 0 });
    }
  }
  assert.ok(Math.abs(wallThickness(deform.thicken(normal, endo, -40, 40).lv_endo, normal.lv_epi).thinnest - 1) < 0.5);
});

test("what is transformed there and back is what it was", () => {
  const random = seeded(18);
  for (const structure of ["lv", "la", "all"]) {
    const heart = someHeart(random);
    const about = [10, 70];
    const turned = deform.transform(heart, structure, { rotate: 0.7, about });
    alike(deform.transform(turned, structure, { rotate: -0.7, about }), heart);
    const scaled = deform.transform(heart, structure, { scale: [1.5, 0.8], about });
    alike(deform.transform(scaled, structure, { scale: [1 / 1.5, 1 / 0.8], about }), heart);
    alike(deform.transform(heart, structure, { move: [3, -4] }), moveStructure(heart, structure, [3, -4]));
    assertOnePlace(deform.transform(heart, structure, { rotate: 0.3, scale: 1.2, move: [5, 5], about }));
  }
});

test("turning keeps volumes, scaling cubes them, and the LA's ends stay on the annulus", () => {
  const turned = deform.transform(normal, "all", { rotate: 1.1, about: [5, 90] });
  assert.ok(Math.abs(simpson(turned.lv_endo) - simpson(normal.lv_endo)) < 1e-9);
  assert.ok(Math.abs(simpson(deform.transform(normal, "lv", { scale: 1.1 }).lv_endo) / simpson(normal.lv_endo) - 1.331) < 1e-9);
  const la = deform.transform(normal, "la", { scale: 1.4, about: [0, 130] });
  assert.deepEqual({ ...la, la: 0 }, { ...normal, la: 0 });
  for (const end of [0, -1]) assert.equal(la.la.at(end), normal.la.at(end));
  near(deform.transform({ ...normal, la: [[1, 0], [1, 0], [0, 0], [0, 0]] }, "la", { rotate: Math.PI / 2 }).la[1], [0, 1]);
});

test("a structure's box holds its curves and touches them", () => {
  for (const [structure, names] of [["lv", ["lv_endo", "lv_epi"]], ["la", ["la"]], ["all", Object.keys(normal)]]) {
    const { x, y, width, height } = deform.bounds(normal, structure);
    const points = names.flatMap((name) => sample(normal[name]));
    for (const [k, low, size] of [[0, x, width], [1, y, height]]) {
      const values = points.map((point) => point[k]);
      assert.ok(Math.min(...values) >= low - 1e-9 && Math.max(...values) <= low + size + 1e-9);
      assert.ok(Math.abs(Math.max(...values) - low - size) < 1e-9, structure);
    }
  }
});

test("a mirrored heart has its walls on the other sides, septal where septal was; twice is not at all", () => {
  const random = seeded(19);
  for (let run = 0; run < 20; run++) {
    const heart = someHeart(random);
    const image = deform.mirror(heart);
    alike(deform.mirror(image), heart, 1e-6);
    assertOnePlace(image, 1e-9);
    const [was, is] = [heart, image].map(({ lv_endo, lv_epi }) => wallThickness(lv_endo, lv_epi));
    assert.ok(Math.abs(was.septal - is.lateral) < 1e-6 && Math.abs(was.lateral - is.septal) < 1e-6);
    assert.ok(Math.abs(simpson(heart.lv_endo) - simpson(image.lv_endo)) < 1e-6);
    assert.ok(Math.abs(laVolume(heart.la) - laVolume(image.la)) < 1e-6);
    assert.equal(Math.sign(image.lv_endo.at(-1)[0] - image.lv_endo[0][0]), Math.sign(heart.lv_endo.at(-1)[0] - heart.lv_endo[0][0]));
  }
});

test("snapping brings the valve and the LA onto the annulus, once and for all", () => {
  const random = seeded(20);
  for (let run = 0; run < 30; run++) {
    const heart = someHeart(random);
    const loose = { ...heart };
    for (const name of ["la", "septal_leaflet", "lateral_leaflet"]) {
      const [dx, dy] = [20 * random() - 10, 20 * random() - 10];
      loose[name] = heart[name].map(([x, y]) => [x + dx, y + dy]);
    }
    const snapped = deform.snapAnnulus(loose);
    assertOnePlace(snapped);
    assert.deepEqual(deform.snapAnnulus(snapped), snapped);
    for (const name of ["lv_endo", "lv_epi"]) assert.deepEqual(snapped[name], loose[name]);
    for (const name of ["septal_leaflet", "lateral_leaflet"]) alike({ [name]: snapped[name] }, { [name]: heart[name] });
    near(snapped.la[3], loose.la[3], 1e-9 + 0.6 * distance(loose.la[0], heart.la[0]));
  }
  const point = { ...normal, la: normal.la.map(() => [0, 0]) };
  assert.ok(deform.snapAnnulus(point).la.flat().every(Number.isFinite));
});
