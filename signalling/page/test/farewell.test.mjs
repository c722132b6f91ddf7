// What the page does when the connection to the service is over.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_WAY, PATIENCE, afterClose, beforeOpening, pause } from '../src/farewell.ts';

const closing = (code, reason = '', opened = true) => ({ code, reason, opened });
const standing = (status, reason = '', retryAfter = 0) => ({ status, reason, retryAfter });

test('a session that is over is not asked for again', () => {
    const verdict = afterClose(closing(1008, 'the session has ended'), 1, 0);
    assert.equal(verdict.kind, 'end');
    assert.equal(verdict.detail, 'the session has ended');
    assert.equal(verdict.again, false);
});

for (const code of [1001, 1011, 4000]) {
    test(`after ${code} it is the person who tries again`, () => {
        const verdict = afterClose(closing(code, 'why'), 1, 0);
        assert.equal(verdict.kind, 'end');
        assert.equal(verdict.again, true);
        assert.equal(verdict.detail, 'why');
    });
}

test('the page waits for the application as long as it takes', () => {
    const verdict = afterClose(closing(1013, 'the application has disconnected'), 1000, PATIENCE * 100);
    assert.equal(verdict.kind, 'wait');
    assert.equal(verdict.phase, 'starting');
});

for (const code of [1000, 1005, 1006, NO_WAY]) {
    test(`after ${code} the page comes back by itself`, () => {
        const verdict = afterClose(closing(code), 1, 0);
        assert.equal(verdict.kind, 'wait');
        assert.equal(verdict.phase, 'reconnecting');
    });
}

test('a network that lets no video through is named after three attempts', () => {
    assert.equal(afterClose(closing(NO_WAY), 2, 0).kind, 'wait');
    assert.equal(afterClose(closing(NO_WAY), 3, 0).kind, 'end');
});

test('a machine that is not heard for long is given up', () => {
    assert.equal(afterClose(closing(1006, '', false), 30, PATIENCE).kind, 'wait');
    assert.equal(afterClose(closing(1006, '', false), 30, PATIENCE + 1).kind, 'end');
});

test('pauses grow, up to a bound', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 100].map(pause);
    assert.deepEqual(pauses, [1, 2, 3, 4, 5, 5, 5]);
});

test('a service that answers well stands in nobody’s way', () => {
    assert.equal(beforeOpening(standing(200)), undefined);
});

test('a service that fails in a way of its own does not either: the socket will tell', () => {
    assert.equal(beforeOpening(standing(404)), undefined);
    assert.equal(beforeOpening(standing(500)), undefined);
});

for (const status of [401, 403]) {
    test(`a link that is refused with ${status} is no use any more`, () => {
        const verdict = beforeOpening(standing(status));
        assert.equal(verdict.kind, 'end');
        assert.equal(verdict.again, false);
    });
}

test('a machine that closes says why', () => {
    const verdict = beforeOpening(standing(503, 'this machine is stopping'));
    assert.equal(verdict.kind, 'end');
    assert.equal(verdict.detail, 'this machine is stopping');
});

test('who has tried too often waits as long as the service says', () => {
    assert.equal(beforeOpening(standing(429, '', 17)).seconds, 17);
    assert.equal(beforeOpening(standing(429)).seconds, 1);
});
