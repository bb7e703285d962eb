throw new Error('what the file itself says')
