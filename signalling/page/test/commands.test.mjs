// What a person types into the page's command box.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../src/commands.ts';

test('an object is sent as an object', () => {
    assert.deepEqual(parseCommand('{"Name": "Ada"}'), { Name: 'Ada' });
});

for (const text of ['take off', ': DroneName-Ada', '42', 'null', '"quoted"', '{not json']) {
    test(`${text} is sent as the text it is`, () => {
        assert.equal(parseCommand(text), text);
    });
}
